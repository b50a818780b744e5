using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Builds;

namespace Tenantry.Client;

/// <summary>The inputs of a build as they were on disk when they were read.</summary>
/// <param name="Folder">The folder that holds them, absolute.</param>
/// <param name="Files">By path, ordinal.</param>
/// <param name="Digest"><see cref="InputsDigest.Of"/> of them.</param>
public sealed record BuildInputs(string Folder, IReadOnlyList<InputFile> Files, string Digest)
{
    /// <summary>
    /// Reads a folder; whether version control knows a file makes no difference. What the folder's <c>.dockerignore</c> keeps out is no input, but the Dockerfile itself is one if the globs take it.
    /// </summary>
    /// <param name="folder">The folder of the manifest.</param>
    /// <param name="globs">The manifest's <c>build.inputs</c>.</param>
    /// <param name="dockerfile">The manifest's <c>build.dockerfile</c>, or null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="FormatException">The <c>.dockerignore</c> cannot be read.</exception>
    public static async Task<BuildInputs> ReadAsync(string folder, IReadOnlyList<string> globs, string? dockerfile = null, CancellationToken cancellationToken = default)
    {
        var root = new DirectoryInfo(Path.GetFullPath(folder));
        var wanted = new InputGlobs(globs);
        var ignore = IgnoreOf(root);
        var files = new List<InputFile>();
        foreach (var (path, entry) in Walk(root, ""))
            if (wanted.Contains(path) && (path == dockerfile || !ignore.Ignores(path)))
                files.Add(await ReadAsync(path, entry, cancellationToken));
        files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new(root.FullName, files, InputsDigest.Of(files));
    }

    /// <summary>The numbers, from 0, of the globs that take no file of the folder: most likely they are mistyped.</summary>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public static IReadOnlyList<int> FindUnmatched(string folder, IReadOnlyList<string> globs) =>
        new InputGlobs(globs).FindUnmatched(Walk(new DirectoryInfo(Path.GetFullPath(folder)), "").Select(file => file.Path));

    /// <summary>Writes the files as a tar: their paths, contents, links, and whether they are executable; nothing else of theirs.</summary>
    public async Task WriteTarAsync(Stream output, CancellationToken cancellationToken = default)
    {
        await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var file in Files)
        {
            var source = Path.Combine(Folder, file.Path);
            if (file.Kind == InputKind.Link)
            {
                await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, file.Path) { LinkName = new FileInfo(source).LinkTarget ?? "" }, cancellationToken);
                continue;
            }

            await using var content = Open(source);
            var entry = new PaxTarEntry(TarEntryType.RegularFile, file.Path)
            {
                DataStream = content,
                Mode = file.Kind == InputKind.Executable
                    ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                    : UnixFileMode.UserRead | UnixFileMode.UserWrite,
                ModificationTime = DateTimeOffset.UnixEpoch,
            };
            await tar.WriteEntryAsync(entry, cancellationToken);
        }
    }

    private static DockerIgnore IgnoreOf(DirectoryInfo root)
    {
        var file = Path.Combine(root.FullName, DockerIgnore.FileName);
        return File.Exists(file) ? DockerIgnore.Read(File.ReadAllText(file)) : DockerIgnore.Nothing;
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
        await using var content = Open(entry.FullName);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        return new(path, entry.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? InputKind.Executable : InputKind.File, hash);
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan | FileOptions.Asynchronous);
}
