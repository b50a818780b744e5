using System.Formats.Tar;
using Tenantry.Targets.Archives;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Data;

/// <summary>Writes folders into a tar, owners as the instance sees them.</summary>
internal static class DataExport
{
    internal static async Task WriteAsync(Stream output, IEnumerable<(string Name, string Folder)> volumes, uint firstUid, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (name, folder) in volumes)
        {
            using (var root = Libc.OpenForReading(folder))
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, name, FileStatus.Of(root), firstUid), cancellationToken);
            foreach (var found in SafeWalk.Below(folder))
                await WriteAsync(tar, $"{name}/{found.Path}", found, firstUid, cancellationToken);
        }
    }

    private static async Task WriteAsync(TarWriter tar, string path, WalkEntry found, uint firstUid, CancellationToken cancellationToken)
    {
        switch (found.Status.Kind)
        {
            case FileKind.Folder:
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, path, found.Status, firstUid), cancellationToken);
                break;
            case FileKind.Link:
                var link = Entry(TarEntryType.SymbolicLink, path, found.Status, firstUid);
                link.LinkName = found.LinkTarget();
                await tar.WriteEntryAsync(link, cancellationToken);
                break;
            case FileKind.Regular when found.OpenFile() is { } handle:
                await using (var content = new FileStream(handle, FileAccess.Read))
                {
                    var file = Entry(TarEntryType.RegularFile, path, found.Status, firstUid);
                    await using var exact = new ExactStream(content, found.Status.Size);
                    file.DataStream = exact;
                    await tar.WriteEntryAsync(file, cancellationToken);
                }

                break;
            default:
                // Sockets and pipes are nothing without their programs.
                break;
        }
    }

    private static PaxTarEntry Entry(TarEntryType type, string path, FileStatus status, uint firstUid) => new(type, path)
    {
        Mode = status.Permissions,
        Uid = Inside(status.User, firstUid),
        Gid = Inside(status.Group, firstUid),
        ModificationTime = status.ModifiedAt,
    };

    private static int Inside(uint id, uint firstUid) => id >= firstUid && id - firstUid < LocalBundle.IdsPerInstance ? (int)(id - firstUid) : 65534;
}
