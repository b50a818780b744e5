namespace Tenantry.Model.Manifests;

/// <summary>
/// How a release is prepared, once for all tenants. Same inputs, same command, same release. With neither
/// <see cref="Command"/> nor <see cref="Dockerfile"/> the inputs themselves are the output.
/// </summary>
public sealed record BuildDefinition
{
    /// <summary>Globs relative to the manifest, a leading <c>!</c> takes away. The matching files' contents and modes decide whether to build.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = ["**"];

    /// <summary>Program and arguments, run in a copy of the inputs; shell text in the file has become <c>/bin/sh -ec TEXT</c>. Empty: nothing is run.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Dockerfile relative to the manifest, for targets that run containers; null: none.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>The folder, relative to the build's own, that becomes <see cref="RunDefinition.BuildMount"/>.</summary>
    public string Output { get; init; } = ".";

    /// <summary>Variables of the build itself. The same for every tenant: no references, no secrets.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
