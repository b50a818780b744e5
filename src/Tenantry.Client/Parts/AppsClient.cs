using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Apps and their releases.</summary>
public sealed class AppsClient
{
    private readonly Transport _transport;

    internal AppsClient(Transport transport) => _transport = transport;

    /// <summary>Makes a release of a manifest, or finds the one that it made before.</summary>
    public Change<ApplyAppResponse> Apply(ApplyAppRequest request) =>
        _transport.Of<ApplyAppResponse>(HttpMethod.Post, "v1/apps", () => Transport.Json(request));

    /// <summary>All apps, by name.</summary>
    public IAsyncEnumerable<AppResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<AppResponse>("v1/apps", cancellationToken);

    /// <summary>One app.</summary>
    public Task<AppResponse> GetAsync(string app, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<AppResponse>(Route(app), cancellationToken);

    /// <summary>One app, or null when there is none of that name.</summary>
    public Task<AppResponse?> FindAsync(string app, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<AppResponse>(Route(app), cancellationToken);

    /// <summary>An app's releases, newest first.</summary>
    public IAsyncEnumerable<ReleaseResponse> ListReleasesAsync(string app, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<ReleaseResponse>(Route(app) + "/releases", cancellationToken);

    /// <summary>One release with its manifest; <c>latest</c> is the newest.</summary>
    public Task<ReleaseResponse> GetReleaseAsync(string app, string release, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<ReleaseResponse>($"{Route(app)}/releases/{Uri.EscapeDataString(release)}", cancellationToken);

    /// <summary>Removes an app and its releases; a conflict while an instance of it exists.</summary>
    public Change<string> Delete(string app) => _transport.Empty(HttpMethod.Delete, Route(app), app);

    private static string Route(string app) => "v1/apps/" + Uri.EscapeDataString(app);
}
