namespace Tenantry.Model.Manifests;

/// <summary>
/// The root file system of a service on targets without containers. It is always read-only, with a private <c>/tmp</c>; the build's
/// output, if the app has a build, is mounted read-only at <see cref="BuildMount"/>.
/// </summary>
public sealed record RunDefinition
{
    /// <summary>Where every service finds the output of <see cref="BuildDefinition"/>.</summary>
    public const string BuildMount = "/app";

    public RootKind Root { get; init; } = RootKind.Host;

    /// <summary>Folder, tar file or OCI layout, relative to the manifest; null exactly when <see cref="Root"/> is <see cref="RootKind.Host"/>.</summary>
    public string? Path { get; init; }
}
