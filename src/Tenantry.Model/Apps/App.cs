namespace Tenantry.Model.Apps;

/// <summary>An application that every tenant gets a copy of. <paramref name="Release"/> is the id of the newest applied release.</summary>
public sealed record App(string Name, string Release, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>
/// One immutable version of an app. <paramref name="Id"/> is derived from the digests, so that the same manifest and the same
/// inputs always give the same release, unless its build is forced.
/// </summary>
/// <param name="Id">See <see cref="ReleaseId"/>.</param>
/// <param name="App">The app's name.</param>
/// <param name="Version">The version that the manifest states.</param>
/// <param name="ManifestDigest"><c>sha256:</c> and 64 hexadecimal digits over the manifest's canonical form.</param>
/// <param name="InputsDigest">Digest over the build's input files, by which the control plane keeps them; empty when there are none.</param>
/// <param name="Manifest">The manifest, in its JSON form.</param>
/// <param name="CreatedAt">When it was applied first.</param>
public sealed record Release(
    string Id,
    string App,
    string Version,
    string ManifestDigest,
    string InputsDigest,
    string Manifest,
    DateTimeOffset CreatedAt);
