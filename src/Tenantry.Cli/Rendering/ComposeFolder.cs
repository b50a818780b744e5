using System.Text;
using Tenantry.Cli.Running;
using Tenantry.Model.Wire;
using Tenantry.Targets.Docker.Compose;
using Tenantry.Targets.Linux;

namespace Tenantry.Cli.Rendering;

/// <summary>Where a Compose file and what belongs beside it are written.</summary>
/// <param name="file">Its absolute path.</param>
internal sealed class ComposeFolder(string file)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The folder's name when no file is written.</summary>
    public const string UsualFiles = "compose.files";

    /// <summary>The Compose file.</summary>
    public string File => file;

    private string Folder => Path.GetDirectoryName(file)!;

    /// <summary>Name of the folder for files, beside the Compose file.</summary>
    public string Files => Path.GetFileNameWithoutExtension(file) + ".files";

    /// <summary>The Compose file that is there, or null.</summary>
    /// <exception cref="CliException">What is there was not rendered, and <paramref name="force"/> is not said.</exception>
    public PresentCompose? Read(bool force)
    {
        if (!System.IO.File.Exists(file))
            return null;
        return PresentCompose.Read(System.IO.File.ReadAllText(file)) ?? (force ? null : throw new CliException(
            ExitCode.Conflict, $"{file} is there and was not made by this command.", "Name another file with --output, or say --force to replace it."));
    }

    /// <summary>Files that have to be written.</summary>
    public IReadOnlyList<ComposeFileResponse> Changed(RenderComposeResponse rendered) => [.. rendered.Files.Where(one => !IsThere(one))];

    /// <summary>Secrets whose files are missing or empty.</summary>
    public IReadOnlyList<ComposeSecretResponse> Missing(RenderComposeResponse rendered) =>
        [.. rendered.Secrets.Where(secret => new FileInfo(PlaceOf(secret.Path)) is not { Exists: true, Length: > 0 })];

    /// <summary>Variables that neither the surroundings nor the file <c>.env</c> set.</summary>
    public IReadOnlyList<ComposeVariableResponse> Unset(RenderComposeResponse rendered, Func<string, string?> variable)
    {
        var file = Path.Combine(Folder, ".env");
        var set = System.IO.File.Exists(file) ? System.IO.File.ReadAllLines(file).Select(line => line.Split('=', 2)).Where(parts => parts is [_, { Length: > 0 }]).Select(parts => parts[0].Trim()).ToHashSet(StringComparer.Ordinal) : [];
        return [.. rendered.Variables.Where(one => !set.Contains(one.Name) && string.IsNullOrEmpty(variable(one.Name)))];
    }

    /// <summary>Writes what is beside the Compose file, and the Compose file last and whole: whatever fails before leaves it as it was.</summary>
    /// <returns>Users to whom files should belong and could not be given.</returns>
    public IReadOnlyList<uint> Write(RenderComposeResponse rendered)
    {
        var denied = new SortedSet<uint>();
        Directory.CreateDirectory(Folder);
        Directory.CreateDirectory(Path.Combine(Folder, Files), OwnerOnly);
        foreach (var one in Changed(rendered))
        {
            var place = Make(one.Path);
            AtomicFile.Write(place, Encoding.UTF8.GetBytes(one.Content), durable: false, ModeOf(one));
            if (!Give(place, one.User, one.Group))
                denied.Add(one.User);
        }

        foreach (var folder in rendered.Folders)
            Directory.CreateDirectory(PlaceOf(folder));
        foreach (var secret in rendered.Secrets)
            Make(secret.Path);
        AtomicFile.Write(file, Encoding.UTF8.GetBytes(rendered.Text), durable: true);
        return [.. denied];
    }

    private bool IsThere(ComposeFileResponse one)
    {
        var place = PlaceOf(one.Path);
        return System.IO.File.Exists(place) && System.IO.File.ReadAllText(place) == one.Content && System.IO.File.GetUnixFileMode(place) == ModeOf(one) && (one.User == 0 || !Environment.IsPrivilegedProcess || OwnerOf(place) == one.User);
    }

    // Its owner writes it anew; nobody else ever writes it.
    private static UnixFileMode ModeOf(ComposeFileResponse one) => (UnixFileMode)((one.Mode & 0x16D) | 0x180);

    private static bool Give(string place, uint user, uint group)
    {
        if (user == 0 || OwnerOf(place) == user)
            return true;
        if (!Environment.IsPrivilegedProcess)
            return false;
        Ownership.Give(place, user, group);
        return true;
    }

    private static uint OwnerOf(string place)
    {
        using var open = System.IO.File.OpenHandle(place);
        return FileStatus.Of(open).User;
    }

    private string Make(string path)
    {
        var place = PlaceOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!, OwnerOnly);
        return place;
    }

    // Where files go is said by whoever answers at the other end, and must not lead anywhere else.
    private string PlaceOf(string path)
    {
        var parts = path.Split('/');
        return parts.Length > 1 && parts[0] == Files && !parts.Any(part => part is "" or "." or "..")
            ? Path.Combine(Folder, path)
            : throw new CliException(ExitCode.Failed, $"The control plane wants a file at '{path}', which is not in {Files}.");
    }
}
