using Tenantry.Model.Tenants;

namespace Tenantry.Model.Wire;

/// <summary>Body of <c>POST /v1/tenants</c>. What is null has its default: the name for the display name, <c>default</c> for the organization, empty for the rest.</summary>
public sealed record CreateTenantRequest(
    string Name,
    string? DisplayName = null,
    string? Organization = null,
    string? Owner = null,
    string? CostCentre = null);

/// <summary>Body of <c>PATCH /v1/tenants/{name}</c>: what is null stays as it is.</summary>
public sealed record UpdateTenantRequest(string? DisplayName = null, string? Owner = null, string? CostCentre = null);

/// <summary>A tenant. <paramref name="Version"/> is its ETag.</summary>
public sealed record TenantResponse(
    string Name,
    string DisplayName,
    string Organization,
    string Owner,
    string CostCentre,
    bool Deleting,
    long Version,
    DateTimeOffset CreatedAt)
{
    /// <summary>The tenant as it crosses the wire.</summary>
    public static TenantResponse Of(Tenant tenant) => new(
        tenant.Name,
        tenant.DisplayName,
        tenant.Organization,
        tenant.Owner,
        tenant.CostCentre,
        tenant.Deleting,
        tenant.Version,
        tenant.CreatedAt);
}

/// <summary>Answer to <c>DELETE /v1/tenants/{name}</c>: the tenant is gone when each of these has succeeded (at once when there are none).</summary>
public sealed record DeleteTenantResponse(string Name, IReadOnlyList<OperationResponse> Operations);

/// <summary>An organization.</summary>
public sealed record OrganizationResponse(string Name, DateTimeOffset CreatedAt);
