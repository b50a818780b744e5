using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>Finds out the secrets of customers: from files, and from the person who is there. What several customers share is asked for once.</summary>
internal sealed class SecretQuestions(Call call, OnboardMood mood)
{
    private readonly Dictionary<(string App, string Organization, string Name), string?> _shared = [];

    /// <summary>Values by the secrets' names; none that the customer has already and keeps.</summary>
    public async Task<IReadOnlyDictionary<string, string>> AskAsync(
        Customer customer, Manifest manifest, string tenant, string organization, InstanceResponse? present, MissingAnswers missing)
    {
        var values = await MissingSecrets.FromFilesAsync(call, manifest, customer.SecretFiles);
        var (set, upcoming) = await PresentAsync(manifest, tenant, organization, present);
        if (present is not null && mood.LeavesPresent)
        {
            foreach (var name in set)
                values.Remove(name);
        }

        foreach (var secret in manifest.SecretsToGive(customer.SkipsProvision).Where(s => !values.ContainsKey(s.Name)))
        {
            // Who is not redeployed needs nothing that only a newer release wants.
            var isNeeded = !set.Contains(secret.Name) && !(upcoming.Contains(secret.Name) && (mood.LeavesPresent || (!mood.IsAnswered && !call.Output.CanAsk)));
            if (mood.IsDryRun || (!isNeeded && (present is null || mood.IsAnswered || !call.Output.CanAsk || !Prompt.Ask(call.Host, $"The secret {secret.Name} is set. Replace it?"))))
                continue;
            if (ValueOf(secret, manifest.App, organization, missing) is { } value)
                values.Add(secret.Name, value);
        }

        return values;
    }

    // What has a value here, and what only a newer release than the instance's declares.
    private async Task<(HashSet<string> Set, HashSet<string> Upcoming)> PresentAsync(Manifest manifest, string tenant, string organization, InstanceResponse? present)
    {
        if (present is null)
            return (await MissingSecrets.InheritedAsync(call, new CreateInstanceRequest(tenant, manifest.App, NewTenant: new CreateTenantRequest(tenant, Organization: organization)), manifest.Secrets), []);
        var known = await call.Client.Secrets.ListAsync(present.Slug, call.CancellationToken).ToListAsync(call.CancellationToken);
        return ([.. known.Where(one => one.Set).Select(one => one.Name)], [.. known.Where(one => one.Upcoming).Select(one => one.Name)]);
    }

    private string? ValueOf(SecretDefinition secret, string app, string organization, MissingAnswers missing)
    {
        if (!mood.IsOfMany || secret.Scope >= SecretScope.Tenant)
            return AskOnce(secret, missing);
        var key = (app, secret.Scope == SecretScope.App ? "" : organization, secret.Name);
        if (!_shared.TryGetValue(key, out var value))
            _shared.Add(key, value = AskOnce(secret, missing));
        return value;
    }

    private string? AskOnce(SecretDefinition secret, MissingAnswers missing)
    {
        if (call.Output.CanAsk)
            return SecretInput.Ask(call.Host, secret);
        missing.Add($"--secret-file {secret.Name}=FILE", secret.Prompt ?? $"The value of the secret {secret.Name}.");
        return null;
    }
}
