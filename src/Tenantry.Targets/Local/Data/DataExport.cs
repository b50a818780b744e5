using System.Formats.Tar;
using System.Net.Sockets;
using System.Text;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Archives;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Data;

/// <summary>Writes folders into a tar, owners as the instance sees them. The tar is whole, or the failure names what cannot be in it.</summary>
internal static class DataExport
{
    internal static async Task WriteAsync(Stream output, IReadOnlyList<(ResourceName Resource, string Name, string Folder)> volumes, uint firstUid, CancellationToken cancellationToken)
    {
        // Before the first byte goes out, a failure is an answer like any other.
        foreach (var (resource, _, folder) in volumes)
            Check(resource, folder);
        await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (resource, name, folder) in volumes)
        {
            using (var root = Libc.OpenForReading(folder))
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, name, null, FileStatus.Of(root), firstUid), cancellationToken);
            try
            {
                foreach (var found in SafeWalk.Below(folder))
                    await WriteAsync(tar, $"{name}/{found.Path}", found, firstUid, cancellationToken);
            }
            catch (IOException error) when (error.InnerException is not SocketException)
            {
                throw Failure(resource, error);
            }
        }
    }

    private static void Check(ResourceName resource, string folder)
    {
        try
        {
            SafeWalk.ReadNames(folder, CheckName);
        }
        catch (IOException error)
        {
            throw Failure(resource, error);
        }
    }

    private static void CheckName(string path)
    {
        if (PlainEntry.IsLost(path))
            throw new WalkException($"The name of {NameText.Escaped(Encoding.UTF8.GetBytes(path))} has a line break and ends in a space.", "Give it another name, or remove it.");
    }

    private static async Task WriteAsync(TarWriter tar, string path, WalkEntry found, uint firstUid, CancellationToken cancellationToken)
    {
        CheckName(found.Path);
        switch (found.Status.Kind)
        {
            case FileKind.Folder:
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, path, null, found.Status, firstUid), cancellationToken);
                break;
            case FileKind.Link:
                await tar.WriteEntryAsync(Entry(TarEntryType.SymbolicLink, path, found.LinkTarget(), found.Status, firstUid), cancellationToken);
                break;
            case FileKind.Regular when found.OpenFile() is { } handle:
                await using (var content = new FileStream(handle, FileAccess.Read))
                {
                    var file = Entry(TarEntryType.RegularFile, path, null, found.Status, firstUid);
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

    private static TarEntry Entry(TarEntryType type, string path, string? link, FileStatus status, uint firstUid)
    {
        var entry = PlainEntry.Make(type, path, link, status.ModifiedAt);
        entry.Mode = status.Permissions;
        entry.Uid = Inside(status.User, firstUid);
        entry.Gid = Inside(status.Group, firstUid);
        return entry;
    }

    private static int Inside(uint id, uint firstUid) => id >= firstUid && id - firstUid < LocalBundle.IdsPerInstance ? (int)(id - firstUid) : 65534;

    private static TargetException Failure(ResourceName resource, IOException error) => new(
        $"Its data cannot be handed out whole: {error.Message.TrimEnd('.')}.",
        retryable: error is not WalkException,
        resource,
        (error as WalkException)?.Fix,
        error,
        TargetFault.Content);
}
