namespace Tenantry.Model.Manifests;

/// <summary>A flag or setting that can differ per tenant, readable as <c>${feature.NAME}</c>.</summary>
public sealed record FeatureDefinition
{
    public required string Name { get; init; }

    public required FeatureType Type { get; init; }

    /// <summary>The value of a tenant that has none, as text: <c>true</c>, <c>false</c>, a number in invariant form, or any text.</summary>
    public required string Default { get; init; }

    public string? Description { get; init; }
}
