using Tenantry.Model.Naming;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tenants;

/// <summary>What a tenant's fields may hold.</summary>
internal static class TenantText
{
    private const int Longest = 200;

    private const string DefaultOrganization = "default";

    /// <summary>The tenant that a request asks for, not stored yet. Its organization is there, or the caller runs the platform and makes it with its first tenant.</summary>
    public static async Task<Tenant> MakeAsync(CreateTenantRequest request, Caller caller, IStore store, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var tenant = Make(request, caller, now);
        // The provider may name one for ever that was removed here: it does not come back, without its quotas.
        if (!caller.RunsPlatform && (await store.ListOrganizationsAsync(cancellationToken)).All(one => one.Name != tenant.Organization))
            throw ProblemException.NotFound("organization", tenant.Organization, "organization");
        return tenant;
    }

    private static Tenant Make(CreateTenantRequest request, Caller caller, DateTimeOffset now)
    {
        var organization = request.Organization ?? caller.OwnOrganization(DefaultOrganization, "organization");
        caller.MustSee(organization, "organization", organization, "organization");
        caller.MustHold(Permission.Own, organization, "makes tenants");
        Check(request, organization);
        return new Tenant(
            request.Name,
            string.IsNullOrEmpty(request.DisplayName) ? request.Name : request.DisplayName,
            organization,
            request.Owner ?? "",
            request.CostCentre ?? "",
            1,
            now);
    }

    private static void Check(CreateTenantRequest request, string organization)
    {
        var errors = new List<ProblemError>();
        AddName(NameKind.Tenant, "name", request.Name, errors);
        AddName(NameKind.Organization, "organization", organization, errors);
        AddTexts(request.DisplayName, request.Owner, request.CostCentre, errors);
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    public static void Check(UpdateTenantRequest request)
    {
        var errors = new List<ProblemError>();
        AddTexts(request.DisplayName, request.Owner, request.CostCentre, errors);
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    public static IEnumerable<ChangeResponse> Differences(Tenant present, Tenant wanted)
    {
        var subject = $"tenant {present.Name}";
        if (present.DisplayName != wanted.DisplayName)
            yield return new ChangeResponse(subject, "displayName", present.DisplayName, wanted.DisplayName);
        if (present.Owner != wanted.Owner)
            yield return new ChangeResponse(subject, "owner", present.Owner, wanted.Owner);
        if (present.CostCentre != wanted.CostCentre)
            yield return new ChangeResponse(subject, "costCentre", present.CostCentre, wanted.CostCentre);
    }

    /// <summary>A name that breaks the rules, with the nearest one that does not.</summary>
    public static void AddName(NameKind kind, string path, string name, List<ProblemError> errors)
    {
        if (NamingRules.Check(kind, name) is { } problem)
            errors.Add(new ProblemError(path, $"{problem.Message} '{problem.Suggestion}' would do."));
    }

    private static void AddTexts(string? displayName, string? owner, string? costCentre, List<ProblemError> errors)
    {
        AddText("displayName", displayName, errors);
        AddText("owner", owner, errors);
        AddText("costCentre", costCentre, errors);
    }

    private static void AddText(string path, string? text, List<ProblemError> errors)
    {
        if (text is not null && (text.Length > Longest || text.Any(char.IsControl)))
            errors.Add(new ProblemError(path, $"Text of at most {Longest} characters without control characters is expected."));
    }
}
