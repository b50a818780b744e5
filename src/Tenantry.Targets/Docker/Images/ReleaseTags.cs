using System.Text.Json;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Images;

/// <summary>Names of ours that the engine got for a release, a file for each release: the names themselves do not tell whose they are.</summary>
internal sealed class ReleaseTags(string dataFolder)
{
    private readonly string _folder = Path.Combine(dataFolder, "releases");
    private readonly Lock _writing = new();

    internal IReadOnlyList<string> Releases() => Directory.Exists(_folder)
        ? [.. Directory.EnumerateFiles(_folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Names that no other release needs.</summary>
    internal IReadOnlyList<string> OfAlone(string release)
    {
        var others = Releases().Where(other => other != release).SelectMany(Read).ToHashSet(StringComparer.Ordinal);
        return [.. Read(release).Where(tag => !others.Contains(tag))];
    }

    /// <summary>Written before the engine is asked for anything, so that what is cut off is known.</summary>
    internal void Add(string release, string tag)
    {
        lock (_writing)
        {
            var present = Read(release);
            if (present.Contains(tag, StringComparer.Ordinal))
                return;
            Directory.CreateDirectory(_folder);
            AtomicFile.WriteJson(PathOf(release), (List<string>)[.. present, tag], durable: true);
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

    private string PathOf(string release) => Path.Combine(_folder, release + ".json");
}
