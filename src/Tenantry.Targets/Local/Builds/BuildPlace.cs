using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Builds;

/// <summary>Where one build is made: its folder, a home and a place for temporary files, and what configures its container.</summary>
internal sealed record BuildPlace(LocalPaths Paths, string Name)
{
    private const string Prefix = ".making-";

    /// <summary>Names of all that are being made, or were and are not any more.</summary>
    internal static IReadOnlyList<string> CutOff(LocalPaths paths) =>
        [.. Directory.EnumerateDirectories(paths.Builds, $"{Prefix}*").Select(folder => Path.GetFileName(folder)[Prefix.Length..])];

    internal string Id => $"build-{Name[..Math.Min(Name.Length, 40)].ToLowerInvariant()}";

    internal string Folder => Path.Combine(Paths.Builds, Prefix + Name);

    internal string Work => Path.Combine(Folder, "app");

    internal string Home => Path.Combine(Folder, "home");

    internal string Temporary => Path.Combine(Folder, "tmp");

    internal string Bundle => Path.Combine(Paths.Memory, "builds", Name);

    internal void Make()
    {
        foreach (var folder in (string[])[Work, Home, Temporary, Bundle])
            Directory.CreateDirectory(folder);
    }

    internal void Clear()
    {
        foreach (var folder in (string[])[Folder, Bundle])
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }
}
