using System.Net;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>Finds out everything that an onboarding needs, from flags, from what the control plane knows, and from the person who is there. Makes nothing.</summary>
internal sealed class OnboardQuestions(Call call, TenantNames names, OnboardMood mood)
{
    private readonly MissingAnswers _missing = new(call);
    private readonly SecretQuestions _secrets = new(call, mood);
    private readonly ManagementKeyQuestions _managementKeys = new(call, mood);

    public async Task<OnboardTarget> ResolveAsync(Customer customer)
    {
        var email = _missing.Ask(customer.Email, "E-mail address of the owner", "--email ADDRESS", "Who owns the tenant.", EmailText.Problem);
        var name = _missing.Ask(customer.Name, "Name of the owner", "--name NAME", "What people call the owner.");
        var app = await AppAsync(customer.App);
        var manifest = app is null ? null : await ManifestAsync(app);
        if (manifest is not null)
            CheckTier(manifest, customer.Tier);
        var tenant = email is null ? null : TakeName(email, customer.Tenant);
        var present = tenant is null || app is null ? null : await PresentAsync(tenant, app, customer.Environment);
        if (present is null && manifest is { DefaultTier: null, Tiers.Count: > 1 } && customer.Tier is null)
            customer = customer with { Tier = _missing.Ask(null, $"Tier ({Listed(manifest.Tiers.Select(t => t.Name))})", "--tier TIER", $"The app has no default tier; it has {Listed(manifest.Tiers.Select(t => t.Name))}.") };
        if (present is null)
            customer = customer with { Target = await TargetAsync(customer.Target) };
        var organization = customer.Organization ?? (tenant is null ? null : names.OrganizationOf(tenant)) ?? "default";
        IReadOnlyDictionary<string, string> secrets = manifest is null ? new Dictionary<string, string>(StringComparer.Ordinal) : await _secrets.AskAsync(customer, manifest, tenant ?? "", organization, present, _missing);
        var managementKey = manifest is null ? null : await _managementKeys.AskAsync(customer, manifest, present, _missing);
        _missing.Check();
        return Target(customer, email!, name!, tenant!, app!, manifest!, present, secrets, managementKey) with { Organization = organization };
    }

    private static OnboardTarget Target(
        Customer customer, string email, string name, string tenant, string app, Manifest manifest, InstanceResponse? present, IReadOnlyDictionary<string, string> secrets, (string Provider, string Key)? managementKey)
    {
        var wanted = new CreateTenantRequest(tenant, name, customer.Organization, email, customer.CostCentre);
        var request = new CreateInstanceRequest(
            tenant,
            app,
            customer.Environment,
            customer.Target,
            customer.Tier,
            Features: customer.Features.Count > 0 ? customer.Features : null,
            NewTenant: wanted,
            LlmLimit: customer.Limit is { } limit ? Dollars.Of(limit) : null,
            OwnLlmKeys: customer.SkipsProvision);
        return new OnboardTarget(email, wanted, request, present, manifest, secrets, managementKey) { OwnSecrets = customer.OwnSecrets };
    }

    private string TakeName(string email, string? wanted)
    {
        var name = names.Take(email, wanted);
        if (wanted is not null || mood.IsAnswered || !call.Output.CanAsk || names.HadBefore(name))
            return name;
        var other = Prompt.LineOr(call.Host, "Name of the tenant", name);
        return other == name ? name : names.Take(email, other);
    }

    private async Task<string?> AppAsync(string? wanted)
    {
        if (wanted is not null)
            return wanted;
        var apps = await call.Client.Apps.ListAsync(call.CancellationToken).Select(a => a.Name).ToListAsync(call.CancellationToken);
        return apps switch
        {
            [] => throw new CliException(ExitCode.NotFound, "There is no app yet.", "'tenantry app apply -f tenantry.yaml' makes one, or say --file tenantry.yaml."),
            [var one] => one,
            _ => _missing.Ask(null, $"App ({Listed(apps)})", "--app APP", $"There are several: {Listed(apps)}."),
        };
    }

    private async Task<Manifest> ManifestAsync(string app)
    {
        if (mood.Brought is { Manifest: { } brought } && brought.App == app)
            return brought;
        try
        {
            return ManifestJson.Read((await call.Client.Apps.GetReleaseAsync(app, "latest", call.CancellationToken)).Manifest!);
        }
        catch (TenantryException unknown) when (unknown.Status == HttpStatusCode.NotFound)
        {
            var known = await call.Client.Apps.ListAsync(call.CancellationToken).Select(a => a.Name).ToListAsync(call.CancellationToken);
            throw new CliException(ExitCode.NotFound, $"There is no app '{app}'.{Nearest.Hint(app, known)}", "'tenantry app list' lists them.");
        }
    }

    private static void CheckTier(Manifest manifest, string? tier)
    {
        var known = manifest.Tiers.Select(t => t.Name).ToList();
        if (tier is not null && !known.Contains(tier, StringComparer.Ordinal))
            throw new CliException(ExitCode.Usage, $"{manifest.App} has no tier '{tier}'; it has {Listed(known)}.{Nearest.Hint(tier, known)}");
    }

    private async Task<string?> TargetAsync(string? wanted)
    {
        if (wanted is not null)
            return wanted;
        List<string> targets;
        try
        {
            targets = await call.Client.Targets.ListAsync(call.CancellationToken).Select(t => t.Name).ToListAsync(call.CancellationToken);
        }
        catch (TenantryException refused) when (refused.Code == ProblemCodes.Forbidden)
        {
            // An organization's owner does not see the platform's targets; the control plane says when one has to be named.
            return null;
        }

        return targets.Count <= 1 ? null : _missing.Ask(null, $"Target ({Listed(targets)})", "--target NAME", $"There are several: {Listed(targets)}.");
    }

    private async Task<InstanceResponse?> PresentAsync(string tenant, string app, string? environment) =>
        await call.Client.Instances.ListAsync(new InstanceQuery(Tenant: tenant, App: app), call.CancellationToken)
            .FirstOrDefaultAsync(i => i.Environment == (environment ?? Slug.DefaultEnvironment), call.CancellationToken);

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names);
}

/// <summary>How an onboarding goes about its questions.</summary>
/// <param name="IsAnswered"><c>--yes</c>: what has an answer is not asked.</param>
/// <param name="IsDryRun">Nothing is made: no value is asked for.</param>
/// <param name="ManagementKeyFile">A file with the provider's management key, or null.</param>
internal sealed record OnboardMood(bool IsAnswered, bool IsDryRun, string? ManagementKeyFile)
{
    /// <summary>A manifest that is applied before anything is made, or null.</summary>
    public ManifestFile? Brought { get; init; }

    /// <summary>The customer is one of many: what they share is asked for once.</summary>
    public bool IsOfMany { get; init; }

    /// <summary>Of customers who are there already nothing is changed that they have.</summary>
    public bool LeavesPresent { get; init; }
}
