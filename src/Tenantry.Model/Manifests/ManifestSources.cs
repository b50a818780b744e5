namespace Tenantry.Model.Manifests;

/// <summary>Makes a manifest whole, so that it no longer needs the files beside it.</summary>
public static class ManifestSources
{
    /// <summary>The manifest with every <see cref="FileDefinition.Source"/> replaced by the text that <paramref name="read"/> returns for it.</summary>
    /// <exception cref="FileNotFoundException"><paramref name="read"/> returned null.</exception>
    public static Manifest Inline(Manifest manifest, Func<string, string?> read) => manifest with
    {
        Services = [.. manifest.Services.Select(s => s with { Files = [.. s.Files.Select(f => Inline(f, read))] })],
    };

    private static FileDefinition Inline(FileDefinition file, Func<string, string?> read) =>
        file.Source is null
            ? file
            : file with { Source = null, Template = read(file.Source) ?? throw new FileNotFoundException($"No file {file.Source}, which the manifest names as the source of {file.Path}.", file.Source) };
}
