using Tenantry.Cli.Running;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>What a customer gets, with every answer given and nothing made yet.</summary>
/// <param name="Email">Who owns the tenant.</param>
/// <param name="Tenant">The tenant as it would be made.</param>
/// <param name="Request">The instance as it would be made.</param>
/// <param name="Present">The instance when there is one already, or null.</param>
/// <param name="Manifest">The newest release's manifest, or that of the instance.</param>
/// <param name="Secrets">Values by the names of secrets, from files and from the person.</param>
/// <param name="ManagementKey">The provider and the management key that is to be set before, or null.</param>
internal sealed record OnboardTarget(
    string Email,
    CreateTenantRequest Tenant,
    CreateInstanceRequest Request,
    InstanceResponse? Present,
    Manifest Manifest,
    IReadOnlyDictionary<string, string> Secrets,
    (string Provider, string Key)? ManagementKey)
{
    /// <summary>Names of the <see cref="Secrets"/> that are this customer's alone, at whatever level the manifest keeps them.</summary>
    public IReadOnlySet<string> OwnSecrets { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The tenant's organization.</summary>
    public string Organization { get; init; } = "";
}

/// <summary>How a customer's onboarding ended.</summary>
/// <param name="Email">Who.</param>
/// <param name="Tenant">The tenant, or null when it did not come to that.</param>
/// <param name="Slug">The instance, or null.</param>
/// <param name="Outcome"><c>onboarded</c>, <c>redeployed</c>, <c>unchanged</c> or <c>failed</c>.</param>
/// <param name="Url">Where it answers, or null.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Failure">Why it failed, or null.</param>
internal sealed record OnboardResult(string Email, string? Tenant, string? Slug, string Outcome, string? Url, TimeSpan Took, Failure? Failure = null);
