using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests;

/// <summary>The files beside a manifest that it takes templates from. Taken in, the manifest no longer needs them, and its digest covers them.</summary>
public static class ManifestSources
{
    /// <summary>
    /// What is wrong with the files: missing, or with references that name nothing. A missing one is told where the manifest names it, the others at their
    /// places in the files themselves. Of a manifest that has mistakes of its own the references cannot be judged, so that only missing files are told.
    /// </summary>
    /// <param name="result">What reading the manifest gave.</param>
    /// <param name="read">The text of a file by its path relative to the manifest, or null when it is not there or not text.</param>
    public static IReadOnlyList<ManifestProblem> Check(ManifestResult result, Func<string, string?> read)
    {
        if (result.Readable is not { } manifest)
            return [];
        return [.. manifest.Services.SelectMany(service => service.Files.Where(f => f.Source is not null).SelectMany(f =>
        {
            var path = PathText.Key(PathText.Key(PathText.Key("services", service.Name), "files"), f.Path);
            if (read(f.Source!) is not { } text)
                return [result.ProblemAt(PathText.Key(path, "source"), $"There is no file '{f.Source}' in the manifest's folder, or it is not text, or a link leads out of the folder.")];
            return result.Manifest is null ? [] : Check(manifest, f.Source!, path, text);
        }))];
    }

    /// <summary>The manifest with every <see cref="FileDefinition.Source"/> replaced by the text that <paramref name="read"/> returns for it.</summary>
    /// <exception cref="FileNotFoundException"><paramref name="read"/> returned null.</exception>
    public static Manifest Inline(Manifest manifest, Func<string, string?> read) => manifest with
    {
        Services = [.. manifest.Services.Select(s => s with { Files = [.. s.Files.Select(f => Inline(f, read))] })],
    };

    private static IEnumerable<ManifestProblem> Check(Manifest manifest, string source, string path, string text) =>
        References.In(text)
            .Select(r => (Reference: r, Problem: ReferenceChecks.Problem(manifest, r)))
            .Where(r => r.Problem is not null)
            .Select(r => new ManifestProblem(source, r.Reference.Line, r.Reference.Column, path, ReadContext.Printable(r.Problem!)));

    private static FileDefinition Inline(FileDefinition file, Func<string, string?> read) =>
        file.Source is null
            ? file
            : file with { Source = null, Template = read(file.Source) ?? throw new FileNotFoundException($"No file {file.Source}, which the manifest names as the source of {file.Path}.", file.Source) };
}
