using System.Formats.Tar;

namespace Tenantry.Targets.Archives;

/// <summary>Entries of tars that both GNU tar and our own import read back, whatever their names.</summary>
internal static class PlainEntry
{
    /// <summary>A file, folder or link. The reader of .NET takes a line break for the end of a record of the pax format; in GNU's format names are no records.</summary>
    internal static TarEntry Make(TarEntryType type, string name, string? link, DateTimeOffset modified)
    {
        var isBroken = HasBreak(name) || HasBreak(link);
        TarEntry entry = isBroken ? new GnuTarEntry(type, name) : new PaxTarEntry(type, name);
        if (link is not null)
            entry.LinkName = link;
        // GNU's format knows neither times before 1970 nor parts of a second.
        entry.ModificationTime = !isBroken ? modified : modified < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : DateTimeOffset.FromUnixTimeSeconds(modified.ToUnixTimeSeconds());
        return entry;
    }

    /// <summary>True for a name that comes back as another one: that has a line break and ends in a space, which GNU's format pads with.</summary>
    internal static bool IsLost(string name) => HasBreak(name) && name.EndsWith(' ');

    private static bool HasBreak(string? text) => text?.Contains('\n', StringComparison.Ordinal) == true;
}
