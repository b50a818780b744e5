using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Releases;

/// <summary>What a target made for a release beside its instances, a file for each release: the names of such things do not tell whose they are.</summary>
internal sealed class ReleaseNotes(string dataFolder)
{
    private readonly string _folder = Path.Combine(dataFolder, "releases");
    private readonly Lock _writing = new();

    internal IReadOnlyList<string> Releases() => Directory.Exists(_folder)
        ? [.. Directory.EnumerateFiles(_folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Things that no other release needs.</summary>
    internal IReadOnlyList<string> OfAlone(string release)
    {
        var others = Releases().Where(other => other != release).SelectMany(Read).ToHashSet(StringComparer.Ordinal);
        return [.. Read(release).Where(thing => !others.Contains(thing))];
    }

    /// <summary>Written before anything is made where its name is known before, so that what is cut off is known.</summary>
    internal void Add(string release, string thing)
    {
        lock (_writing)
        {
            var present = Read(release);
            if (present.Contains(thing, StringComparer.Ordinal))
                return;
            Directory.CreateDirectory(_folder);
            AtomicFile.WriteJson(PathOf(release), (List<string>)[.. present, thing], durable: true);
        }
    }

    internal void Remove(string release)
    {
        if (File.Exists(PathOf(release)))
            File.Delete(PathOf(release));
    }

    private List<string> Read(string release)
    {
        try
        {
            return AtomicFile.ReadJson<List<string>>(PathOf(release)) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    // It comes from the store, which faces the world.
    private string PathOf(string release) => release.Length > 0 && release[0] != '.' && !release.Contains('/', StringComparison.Ordinal) && !release.Contains('\0', StringComparison.Ordinal)
        ? Path.Combine(_folder, release + ".json")
        : throw new TargetException($"The release '{release}' has a name that cannot be a file's.", retryable: false);
}
