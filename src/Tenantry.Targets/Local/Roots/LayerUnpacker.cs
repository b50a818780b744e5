using System.Formats.Tar;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Roots;

/// <summary>
/// Applies the tar of one layer to a root: files, links, and marks that take away what a lower layer brought. Nothing leaves the
/// root, whatever the tar says: links are followed inside it only. All becomes root's, readable by everybody, and nothing sets
/// a user; devices are left out.
/// </summary>
internal sealed class LayerUnpacker(string root)
{
    private const string Whiteout = ".wh.";
    private const string Opaque = ".wh..wh..opq";
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111;
    private const UnixFileMode AllRead = (UnixFileMode)0b100_100_100;
    private const UnixFileMode AllRun = (UnixFileMode)0b001_001_001;
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;
    private const UnixFileMode OthersWrite = (UnixFileMode)0b000_010_010;

    private readonly HashSet<string> _own = new(StringComparer.Ordinal);

    internal async Task ApplyAsync(Stream layer, CancellationToken cancellationToken)
    {
        await using var tar = new TarReader(layer);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            await ApplyAsync(entry, cancellationToken);
    }

    private async Task ApplyAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        var parts = entry.Name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (parts.Contains("..", StringComparer.Ordinal))
            throw new InvalidDataException($"{entry.Name} leads out of it");
        if (parts.Length == 0)
            return;
        var parent = FolderAt(parts[..^1]);
        var name = parts[^1];
        if (name == Opaque)
            Empty(parent);
        else if (name.StartsWith(Whiteout, StringComparison.Ordinal))
            Remove(Path.Combine(parent, name[Whiteout.Length..]));
        else
            await WriteAsync(entry, Path.Combine(parent, name), cancellationToken);
    }

    private async Task WriteAsync(TarEntry entry, string path, CancellationToken cancellationToken)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.Directory or TarEntryType.DirectoryList:
                if (!IsFolder(path))
                    Remove(path);
                Directory.CreateDirectory(path);
                File.SetUnixFileMode(path, (entry.Mode & Permissions | AllRead | AllRun) & ~OthersWrite | UnixFileMode.UserWrite);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                Remove(path);
                await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
                {
                    if (entry.DataStream is { } content)
                        await content.CopyToAsync(file, cancellationToken);
                }

                var mode = (entry.Mode & Permissions | AllRead) & ~OthersWrite;
                File.SetUnixFileMode(path, (mode & UnixFileMode.UserExecute) != 0 ? mode | AllRun : mode);
                break;
            case TarEntryType.SymbolicLink:
                Remove(path);
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                Remove(path);
                FileNames.AddLink(Existing(entry.LinkName), path);
                break;
            default:
                return;
        }

        _own.Add(path);
    }

    /// <summary>A folder inside the root, through its own links, made where it is missing.</summary>
    private string FolderAt(string[] parts)
    {
        var folder = RootedPath.ResolveOnHost(root, "/" + string.Join('/', parts));
        for (var missing = folder; !Directory.Exists(missing) && missing.Length > root.Length; missing = Path.GetDirectoryName(missing)!)
        {
            if (File.Exists(missing))
                Remove(missing);
        }

        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, FolderMode);
        return folder;
    }

    private string Existing(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (parts.Length == 0 || parts.Contains("..", StringComparer.Ordinal))
            throw new InvalidDataException($"{name} leads out of it");
        return Path.Combine(FolderAt(parts[..^1]), parts[^1]);
    }

    private void Empty(string folder)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(entry => entry.FullName).Where(path => !IsOwn(path)).ToList())
            Remove(entry);
    }

    // A folder that this layer put something into stays, with that.
    private bool IsOwn(string path) => _own.Contains(path) || _own.Any(own => own.StartsWith(path + "/", StringComparison.Ordinal));

    private static bool IsFolder(string path) => Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null;

    private static void Remove(string path)
    {
        if (IsFolder(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }
}
