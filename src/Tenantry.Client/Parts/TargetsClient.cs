using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Targets, kinds of targets, and orphans on them.</summary>
public sealed class TargetsClient
{
    private readonly Transport _transport;

    internal TargetsClient(Transport transport) => _transport = transport;

    /// <summary>All configured targets, by name.</summary>
    public IAsyncEnumerable<TargetResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<TargetResponse>("v1/targets", cancellationToken);

    /// <summary>Targets that an instance may be made on, as whoever deploys sees them.</summary>
    public IAsyncEnumerable<TargetChoiceResponse> ListChoicesAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<TargetChoiceResponse>("v1/target-choices", cancellationToken);

    /// <summary>One target.</summary>
    public Task<TargetResponse> GetAsync(string target, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<TargetResponse>(Route(target), cancellationToken);

    /// <summary>One target, or null when there is none of that name.</summary>
    public Task<TargetResponse?> FindAsync(string target, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<TargetResponse>(Route(target), cancellationToken);

    /// <summary>Adds a target; a conflict when there is one of that name.</summary>
    public Change<TargetResponse> Create(string target, PutTargetRequest request) =>
        _transport.Of<TargetResponse>(HttpMethod.Put, Route(target), () => Transport.Json(request));

    /// <summary>Changes a target to what the request says.</summary>
    /// <param name="target">Its name.</param>
    /// <param name="request">The whole target.</param>
    /// <param name="expectedVersion">Refused when it was changed since; null: whatever it is now.</param>
    public Change<TargetResponse> Replace(string target, PutTargetRequest request, long? expectedVersion = null) =>
        _transport.Of<TargetResponse>(HttpMethod.Put, Route(target), () => Transport.Json(request), Changes.Match(expectedVersion));

    /// <summary>Removes a target; a conflict while an instance is on it.</summary>
    public Change<string> Delete(string target) => _transport.Empty(HttpMethod.Delete, Route(target), target);

    /// <summary>Makes a target that is one machine the machine of this server's engine, when the engine that it belonged to is gone for good. What that one made is lost: instances begin with empty volumes.</summary>
    public Change<string> Adopt(string target) => _transport.Empty(HttpMethod.Post, Route(target) + "/adopt", target);

    /// <summary>Whether a target can work, and what is missing.</summary>
    public async Task<TargetCheckResponse> CheckAsync(string target, CancellationToken cancellationToken = default)
    {
        using var request = _transport.Request(HttpMethod.Post, Route(target) + "/check");
        using var response = await _transport.SendAsync(request, cancellationToken);
        return await _transport.ReadAsync<TargetCheckResponse>(response, cancellationToken);
    }

    /// <summary>What can be configured, with the options.</summary>
    public IAsyncEnumerable<TargetKindResponse> ListKindsAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<TargetKindResponse>("v1/target-kinds", cancellationToken);

    /// <summary>What instances cost in a month by the bills of their targets. Each question may cost money.</summary>
    /// <param name="month">Such as <c>2026-11</c>; null: the present one.</param>
    /// <param name="target">Of this target; null: of all that have a bill.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ActualCostsResponse> GetCostsAsync(string? month = null, string? target = null, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<ActualCostsResponse>("v1/costs" + QueryText.Of([("month", month), ("target", target)]), cancellationToken);

    /// <summary>Network ranges that are taken: by instances, reserved, and given back a short time ago.</summary>
    public IAsyncEnumerable<NetworkResponse> ListNetworksAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<NetworkResponse>("v1/networks", cancellationToken);

    /// <summary>Reserves a range that no instance is to get; a conflict when it overlaps with one that is in use.</summary>
    public Change<NetworkResponse> ReserveNetwork(string name, string network) =>
        _transport.Of<NetworkResponse>(HttpMethod.Put, NetworkRoute(name), () => Transport.Json(new PutNetworkRequest(network)));

    /// <summary>Gives a reserved range back.</summary>
    public Change<string> ReleaseNetwork(string name) => _transport.Empty(HttpMethod.Delete, NetworkRoute(name), name);

    /// <summary>What targets hold that no instance owns, and which targets could not be asked.</summary>
    public Task<OrphansResponse> GetOrphansAsync(CancellationToken cancellationToken = default) =>
        _transport.GetAsync<OrphansResponse>("v1/orphans", cancellationToken);

    /// <summary>Removes an orphan with its data.</summary>
    public Change<OrphanResponse> DeleteOrphan(OrphanResponse orphan) =>
        _transport.Empty(HttpMethod.Delete, $"v1/orphans/{Uri.EscapeDataString(orphan.Target)}/{Uri.EscapeDataString(orphan.Id)}", orphan);

    private static string NetworkRoute(string name) => "v1/networks/" + Uri.EscapeDataString(name);

    private static string Route(string target) => "v1/targets/" + Uri.EscapeDataString(target);
}
