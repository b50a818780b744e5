using Tenantry.Model.Apps;

namespace Tenantry.Model.Wire;

/// <summary>Body of <c>POST /v1/apps</c>: makes a release of a manifest, or finds the one that it made before.</summary>
/// <param name="Manifest">The text of the manifest.</param>
/// <param name="FileName">Its name, for problems.</param>
/// <param name="InputsDigest">Digest of the build's inputs, which were sent before with <c>PUT /v1/sources/{digest}</c>; empty when there are none.</param>
/// <param name="Files">Texts of the files that the manifest names as templates (<c>source:</c>), by path relative to the manifest.</param>
/// <param name="ForceBuild">True for a release of its own, whose build is made again though its inputs were built before.</param>
public sealed record ApplyAppRequest(
    string Manifest,
    string? FileName = null,
    string? InputsDigest = null,
    IReadOnlyDictionary<string, string>? Files = null,
    bool ForceBuild = false);

/// <summary>Answer to <c>POST /v1/apps</c>.</summary>
/// <param name="App">The app as it is now.</param>
/// <param name="Release">The release of this manifest.</param>
/// <param name="NewRelease">False when the same manifest and inputs were applied before.</param>
/// <param name="Changed">False when the app pointed at this release already.</param>
/// <param name="Notices">A sentence for each key of the manifest that is accepted and not acted on yet.</param>
public sealed record ApplyAppResponse(AppResponse App, ReleaseResponse Release, bool NewRelease, bool Changed, IReadOnlyList<string> Notices)
{
    /// <summary>An earlier release whose build is this one's, too: its inputs and its definition are the same, and nothing is built. Null when there is none, or no build.</summary>
    public string? BuiltAs { get; init; }
}

/// <summary>An app. <paramref name="Release"/> is the id of its newest applied release, <paramref name="Version"/> its ETag.</summary>
public sealed record AppResponse(string Name, string Release, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    /// <summary>The app as it crosses the wire.</summary>
    public static AppResponse Of(App app) => new(app.Name, app.Release, app.Version, app.CreatedAt, app.UpdatedAt);
}

/// <summary>One version of an app. <paramref name="Manifest"/> is its manifest as JSON text; null in lists.</summary>
public sealed record ReleaseResponse(
    string Id,
    string App,
    string Version,
    string ManifestDigest,
    string InputsDigest,
    DateTimeOffset CreatedAt,
    string? Manifest = null)
{
    /// <summary>The release as it crosses the wire.</summary>
    public static ReleaseResponse Of(Release release, bool withManifest = false) => new(
        release.Id,
        release.App,
        release.Version,
        release.ManifestDigest,
        release.InputsDigest,
        release.CreatedAt,
        withManifest ? release.Manifest : null);
}
