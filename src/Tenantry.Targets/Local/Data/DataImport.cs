using System.Formats.Tar;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Archives;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Data;

/// <summary>Unpacks a tar of volumes into empty folders. Whatever in it is not a file, folder or link inside a known volume makes it refuse the whole.</summary>
internal sealed class DataImport(IReadOnlyDictionary<string, string> volumes, uint firstUid)
{
    private const UnixFileMode Kept = (UnixFileMode)0b1_111_111_111;

    internal async Task ReadAsync(Stream input, CancellationToken cancellationToken)
    {
        await using var whole = new TarEnd(input);
        try
        {
            await using var tar = new TarReader(whole, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
                await UnpackAsync(entry, cancellationToken);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new TargetException($"This is not a tar: {error.Message.TrimEnd('.')}.", retryable: false, cause: error, fault: TargetFault.Input);
        }

        if (!await whole.IsWholeAsync(cancellationToken))
            throw new TargetException("The tar was cut off.", retryable: false, fault: TargetFault.Input);
    }

    private async Task UnpackAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        var path = PlaceOf(entry.Name);
        switch (entry.EntryType)
        {
            case TarEntryType.GlobalExtendedAttributes:
                return;
            case TarEntryType.Directory or TarEntryType.DirectoryList:
                if (new FileInfo(path).LinkTarget is not null)
                    throw Refused(entry.Name, "is a link and a folder");
                Directory.CreateDirectory(path);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                await WriteFileAsync(entry, path, cancellationToken);
                break;
            case TarEntryType.SymbolicLink:
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                FileNames.AddLink(PlaceOf(entry.LinkName), path);
                return;
            default:
                throw Refused(entry.Name, "is neither a file nor a folder nor a link");
        }

        Ownership.Give(path, firstUid + Id(entry.Uid), firstUid + Id(entry.Gid));
        if (entry.EntryType == TarEntryType.SymbolicLink)
            return;
        File.SetUnixFileMode(path, entry.Mode & Kept);
        if (entry.EntryType != TarEntryType.Directory)
            File.SetLastWriteTimeUtc(path, entry.ModificationTime.UtcDateTime);
    }

    private static async Task WriteFileAsync(TarEntry entry, string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        if (entry.DataStream is { } content)
            await content.CopyToAsync(file, cancellationToken);
    }

    /// <summary>Where an entry goes: below its volume, and through folders only.</summary>
    private string PlaceOf(string name)
    {
        var parts = name.TrimEnd('/').Split('/').SkipWhile(part => part == ".").ToArray();
        if (parts.Length == 0 || parts.Any(part => part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal)))
            throw Refused(name, "leads out of its volume");
        if (!volumes.TryGetValue(parts[0], out var place))
            throw Refused(name, $"is in no volume of this instance ({(volumes.Count == 0 ? "it has none" : string.Join(", ", volumes.Keys))})");
        foreach (var part in parts.Skip(1).SkipLast(1))
        {
            place = Path.Combine(place, part);
            if (new FileInfo(place).LinkTarget is not null)
                throw Refused(name, "leads through a link");
            Directory.CreateDirectory(place);
        }

        return parts.Length == 1 ? place : Path.Combine(place, parts[^1]);
    }

    private static uint Id(int id) => id is >= 0 and < (int)LocalBundle.IdsPerInstance ? (uint)id : 65534;

    private static TargetException Refused(string name, string why) => new($"The tar is refused: {name} {why}.", retryable: false, fault: TargetFault.Input);
}
