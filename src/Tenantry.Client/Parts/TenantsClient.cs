using System.Net;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Tenants and organizations.</summary>
public sealed class TenantsClient
{
    private readonly Transport _transport;

    internal TenantsClient(Transport transport) => _transport = transport;

    /// <summary>Adds a tenant, without an instance.</summary>
    public Change<TenantResponse> Create(CreateTenantRequest request) =>
        _transport.Of<TenantResponse>(HttpMethod.Post, "v1/tenants", () => Transport.Json(request));

    /// <summary>All tenants, by name.</summary>
    public IAsyncEnumerable<TenantResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<TenantResponse>("v1/tenants", cancellationToken);

    /// <summary>One tenant.</summary>
    public Task<TenantResponse> GetAsync(string tenant, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<TenantResponse>(Route(tenant), cancellationToken);

    /// <summary>One tenant, or null when there is none of that name.</summary>
    public Task<TenantResponse?> FindAsync(string tenant, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<TenantResponse>(Route(tenant), cancellationToken);

    /// <summary>Changes what the request names.</summary>
    /// <param name="tenant">Its name.</param>
    /// <param name="request">What is null stays.</param>
    /// <param name="expectedVersion">Refused when it was changed since; null: whatever it is now.</param>
    public Change<TenantResponse> Update(string tenant, UpdateTenantRequest request, long? expectedVersion = null) =>
        _transport.Of<TenantResponse>(HttpMethod.Patch, Route(tenant), () => Transport.Json(request), Changes.Match(expectedVersion));

    /// <summary>Removes a tenant with its instances and all their data. It is gone when every operation of the answer has succeeded.</summary>
    public Change<DeleteTenantResponse> Delete(string tenant) =>
        new(
            _transport,
            HttpMethod.Delete,
            Route(tenant),
            () => null,
            async (response, cancellationToken) => response.StatusCode == HttpStatusCode.NoContent
                ? new(tenant, [])
                : await _transport.ReadAsync<DeleteTenantResponse>(response, cancellationToken));

    /// <summary>All organizations, by name.</summary>
    public IAsyncEnumerable<OrganizationResponse> ListOrganizationsAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<OrganizationResponse>("v1/organizations", cancellationToken);

    private static string Route(string tenant) => "v1/tenants/" + Uri.EscapeDataString(tenant);
}
