using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Releases;

namespace Tenantry.Targets.Local;

/// <summary>Builds and unpacked images that the target keeps for releases, and gives back when no release needs them and no instance uses them.</summary>
internal sealed class KeptReleases(LocalHost host)
{
    private const string Build = "build ";
    private const string Image = "image ";
    private static readonly TimeSpan Unused = TimeSpan.FromDays(1);
    private readonly ReleaseNotes _notes = new(host.Paths.Data);

    internal IReadOnlyList<string> List() => _notes.Releases();

    internal void AddBuild(string release, string key) => _notes.Add(release, Build + key);

    /// <summary>Notes the image on which a root lies, if it lies on one.</summary>
    internal void AddImageOf(string release, string root)
    {
        if (host.Roots.ImageOf(root) is { } image)
            _notes.Add(release, Image + image);
    }

    /// <summary>What an instance that is there already was made from.</summary>
    internal void Adopt(InstanceFile file)
    {
        if (file is { Release: { } release, Build: { } build })
            AddBuild(release, build);
    }

    internal void Forget(string release)
    {
        var files = Files();
        var builds = files.Select(file => file.Build).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var thing in _notes.OfAlone(release))
        {
            if (!TryRemove(thing, builds, RootsOf(files)))
                throw new TargetException($"The {thing} of release {release} is still in use.", retryable: true);
        }

        _notes.Remove(release);
    }

    /// <summary>Removes root file systems that no instance uses any more.</summary>
    internal void SweepRoots() => host.Roots.Sweep(RootsOf(Files()), host.Time.GetUtcNow() - Unused);

    private bool TryRemove(string thing, HashSet<string> builds, HashSet<string> roots)
    {
        if (thing.StartsWith(Build, StringComparison.Ordinal))
            return !builds.Contains(thing[Build.Length..]) && host.Builds.Remove(thing[Build.Length..]);
        return !thing.StartsWith(Image, StringComparison.Ordinal) || host.Roots.RemoveImage(thing[Image.Length..], roots);
    }

    // Where one of them cannot be read, nobody knows what is in use, and nothing is removed.
    private List<InstanceFile> Files() => [.. OwnedInstances.Ids(host.Paths).Select(id => InstanceFile.Read(host.Paths.Of(id))).OfType<InstanceFile>()];

    private static HashSet<string> RootsOf(List<InstanceFile> files) =>
        files.SelectMany(file => file.Services).SelectMany(service => new[] { service.Root, service.FormerRoot }).OfType<string>().ToHashSet(StringComparer.Ordinal);
}
