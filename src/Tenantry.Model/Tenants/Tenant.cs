namespace Tenantry.Model.Tenants;

/// <summary>A workspace that owns tenants. Its name follows the naming rules.</summary>
public sealed record Organization(string Name, DateTimeOffset CreatedAt);

/// <summary>A customer. <paramref name="Version"/> grows with every change and is the row's ETag.</summary>
/// <param name="Name">Follows the naming rules; unique in the store.</param>
/// <param name="DisplayName">What people call the tenant; the name when nothing was said.</param>
/// <param name="Organization">The workspace that the tenant belongs to.</param>
/// <param name="Owner">An e-mail address or a name, as the operator wrote it; may be empty.</param>
/// <param name="CostCentre">Where its cost is booked; may be empty.</param>
/// <param name="Version">1 when created, one more with every change.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Deleting">It was removed: the row goes with its last instance.</param>
public sealed record Tenant(
    string Name,
    string DisplayName,
    string Organization,
    string Owner,
    string CostCentre,
    long Version,
    DateTimeOffset CreatedAt,
    bool Deleting = false);
