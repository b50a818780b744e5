using System.Formats.Tar;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Archives;

namespace Tenantry.Targets.Docker.Data;

/// <summary>Tars of volumes: <c>VOLUME/path</c>.</summary>
internal static class VolumeTar
{
    /// <summary>Writes an entry of one tar into another.</summary>
    internal static async Task CopyAsync(TarEntry entry, TarWriter tar, CancellationToken cancellationToken)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
            return;
        var link = entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink ? entry.LinkName : null;
        var copy = PlainEntry.Make(entry.EntryType is TarEntryType.V7RegularFile ? TarEntryType.RegularFile : entry.EntryType, entry.Name, link, entry.ModificationTime);
        copy.Mode = entry.Mode;
        copy.Uid = entry.Uid;
        copy.Gid = entry.Gid;
        if (entry.DataStream is not { } content)
        {
            await tar.WriteEntryAsync(copy, cancellationToken);
            return;
        }

        await using var exact = new ExactStream(content, entry.Length);
        copy.DataStream = exact;
        await tar.WriteEntryAsync(copy, cancellationToken);
    }

    /// <summary>Refuses to hand out what would come back under another name. What is not UTF-8 was read with U+FFFD in its place.</summary>
    internal static void RefuseUnreadable(TarEntry entry)
    {
        foreach (var name in (string[])[entry.Name, entry.LinkName])
        {
            if (name.Contains('\uFFFD', StringComparison.Ordinal) || PlainEntry.IsLost(name))
                throw new TargetException($"{entry.Name.ReplaceLineEndings("\\n")} has a name that a tar does not keep: it is not UTF-8, or has a line break and ends in a space.", retryable: false, fix: "Give it another name, or remove it.", fault: TargetFault.Content);
        }
    }

    /// <summary>
    /// Reads a whole tar and refuses it when anything in it is not a file, folder or link of a known volume. Gives it as a file of this
    /// process alone that is gone when it is closed: nothing is changed before all of it was seen.
    /// </summary>
    internal static async Task<Stream> CheckAsync(Stream input, IReadOnlyList<string> volumes, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var file = new FileStream(Path.Combine(folder, $"import-{Guid.NewGuid():N}.tar"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            await using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
                await CopyCheckedAsync(input, volumes, tar, cancellationToken);
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static async Task CopyCheckedAsync(Stream input, IReadOnlyList<string> volumes, TarWriter tar, CancellationToken cancellationToken)
    {
        await using var whole = new TarEnd(input);
        try
        {
            await using var reader = new TarReader(whole, leaveOpen: true);
            var links = new HashSet<string>(StringComparer.Ordinal);
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
                    continue;
                var name = PlaceOf(entry.Name, volumes, links);
                if (entry.EntryType is TarEntryType.HardLink)
                    PlaceOf(entry.LinkName, volumes, links);
                else if (entry.EntryType is TarEntryType.SymbolicLink)
                    links.Add(name);
                else if (entry.EntryType is not (TarEntryType.Directory or TarEntryType.DirectoryList or TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
                    throw Refused(entry.Name, "is neither a file nor a folder nor a link");
                await CopyAsync(entry, tar, cancellationToken);
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new TargetException($"This is not a tar: {error.Message.TrimEnd('.')}.", retryable: false, cause: error, fault: TargetFault.Input);
        }

        if (!await whole.IsWholeAsync(cancellationToken))
            throw new TargetException("The tar was cut off.", retryable: false, fault: TargetFault.Input);
    }

    /// <summary>Where an entry goes: below a volume of the instance, and through folders only.</summary>
    private static string PlaceOf(string name, IReadOnlyList<string> volumes, HashSet<string> links)
    {
        var parts = name.TrimEnd('/').Split('/').SkipWhile(part => part == ".").ToArray();
        if (parts.Length == 0 || parts.Any(part => part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal)))
            throw Refused(name, "leads out of its volume");
        if (!volumes.Contains(parts[0], StringComparer.Ordinal))
            throw Refused(name, $"is in no volume of this instance ({(volumes.Count == 0 ? "it has none" : string.Join(", ", volumes))})");
        for (var count = 1; count < parts.Length; count++)
        {
            if (links.Contains(string.Join('/', parts.Take(count))))
                throw Refused(name, "leads through a link");
        }

        return string.Join('/', parts);
    }

    private static TargetException Refused(string name, string why) => new($"The tar is refused: {name} {why}.", retryable: false, fault: TargetFault.Input);
}
