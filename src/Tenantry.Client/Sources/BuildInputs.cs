using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Builds;

namespace Tenantry.Client;

/// <summary>The inputs of a build as they are on disk now.</summary>
/// <param name="Files">By path, ordinal.</param>
/// <param name="Digest"><see cref="InputsDigest.Of"/> of them.</param>
public sealed record BuildInputs(IReadOnlyList<InputFile> Files, string Digest)
{
    /// <summary>Reads a folder, tracked by version control or not.</summary>
    /// <param name="folder">The folder of the manifest.</param>
    /// <param name="globs">The manifest's <c>build.inputs</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static async Task<BuildInputs> ReadAsync(string folder, IReadOnlyList<string> globs, CancellationToken cancellationToken = default)
    {
        var wanted = new InputGlobs(globs);
        var files = new List<InputFile>();
        foreach (var (path, entry) in Walk(new DirectoryInfo(folder), ""))
            if (wanted.Contains(path))
                files.Add(await ReadAsync(path, entry, cancellationToken));
        files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new(files, InputsDigest.Of(files));
    }

    // Links to folders are inputs themselves: following them could leave the folder, or never end.
    private static IEnumerable<(string Path, FileSystemInfo Entry)> Walk(DirectoryInfo folder, string prefix)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            var path = prefix + entry.Name;
            if (entry is not DirectoryInfo sub || entry.LinkTarget is not null)
                yield return (path, entry);
            else if (path != ".git")
                foreach (var below in Walk(sub, path + "/"))
                    yield return below;
        }
    }

    private static async Task<InputFile> ReadAsync(string path, FileSystemInfo entry, CancellationToken cancellationToken)
    {
        if (entry.LinkTarget is { } target)
            return new(path, InputKind.Link, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target))));
        await using var content = new FileStream(entry.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan | FileOptions.Asynchronous);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        return new(path, entry.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? InputKind.Executable : InputKind.File, hash);
    }
}
