using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests;

/// <summary>The files beside a manifest that it takes templates from. Taken in, the manifest no longer needs them, and its digest covers them.</summary>
public static class ManifestSources
{
    /// <summary>What is wrong with the files: missing, or with references that name nothing. The places are those in the files themselves.</summary>
    /// <param name="manifest">A manifest as <see cref="ManifestReader"/> gave it.</param>
    /// <param name="read">The text of a file by its path relative to the manifest, or null when it is not there or not text.</param>
    public static IReadOnlyList<ManifestProblem> Check(Manifest manifest, Func<string, string?> read) =>
        [.. manifest.Services.SelectMany(service => service.Files
            .Where(f => f.Source is not null)
            .SelectMany(f => Check(manifest, f.Source!, PathText.Key(PathText.Key(PathText.Key("services", service.Name), "files"), f.Path), read(f.Source!))))];

    /// <summary>Files that are not there, of a manifest that has mistakes of its own: its references cannot be judged.</summary>
    /// <param name="manifest">What could be read: <see cref="ManifestResult.Readable"/>.</param>
    /// <param name="read">As for <see cref="Check(Manifest, Func{string, string})"/>.</param>
    public static IReadOnlyList<ManifestProblem> FindMissing(Manifest manifest, Func<string, string?> read) =>
        [.. manifest.Services.SelectMany(service => service.Files
            .Where(f => f.Source is not null && read(f.Source) is null)
            .Select(f => Missing(f.Source!, PathText.Key(PathText.Key(PathText.Key("services", service.Name), "files"), f.Path))))];

    /// <summary>The manifest with every <see cref="FileDefinition.Source"/> replaced by the text that <paramref name="read"/> returns for it.</summary>
    /// <exception cref="FileNotFoundException"><paramref name="read"/> returned null.</exception>
    public static Manifest Inline(Manifest manifest, Func<string, string?> read) => manifest with
    {
        Services = [.. manifest.Services.Select(s => s with { Files = [.. s.Files.Select(f => Inline(f, read))] })],
    };

    private static IEnumerable<ManifestProblem> Check(Manifest manifest, string source, string path, string? text)
    {
        if (text is null)
            return [Missing(source, path)];
        return References.In(text)
            .Select(r => (Reference: r, Problem: ReferenceChecks.Problem(manifest, r)))
            .Where(r => r.Problem is not null)
            .Select(r => new ManifestProblem(source, r.Reference.Line, r.Reference.Column, path, ReadContext.Printable(r.Problem!)));
    }

    private static ManifestProblem Missing(string source, string path) => new(source, 1, 1, path, "There is no such file, or it is not text.");

    private static FileDefinition Inline(FileDefinition file, Func<string, string?> read) =>
        file.Source is null
            ? file
            : file with { Source = null, Template = read(file.Source) ?? throw new FileNotFoundException($"No file {file.Source}, which the manifest names as the source of {file.Path}.", file.Source) };
}
