using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>
/// What is said once for many customers is set once, before the first of them is begun: the provider's management key, and the value of a secret that the manifest keeps
/// for a whole app or organization. A customer's own value, from a column of the file, is that customer's alone.
/// </summary>
internal static class SharedValues
{
    /// <summary>The management keys that the customers need, each once.</summary>
    public static async Task SetManagementKeysAsync(Call call, IEnumerable<OnboardTarget> targets)
    {
        foreach (var (provider, key) in targets.Select(target => target.ManagementKey).OfType<(string, string)>().Distinct())
            await call.Client.Llm.PutProvider(provider, new PutLlmProviderRequest(key)).SendAsync(call.CancellationToken);
    }

    /// <summary>Sets the shared values at the level that the manifest keeps them at, tells so, and returns the customers without them.</summary>
    /// <param name="call">The invocation.</param>
    /// <param name="targets">All customers.</param>
    /// <param name="replaces">Whether a value that is there already is replaced.</param>
    public static async Task<List<OnboardTarget>> SetSecretsAsync(Call call, IReadOnlyList<OnboardTarget> targets, bool replaces)
    {
        var shared = targets.SelectMany(target => Of(target).Select(secret => (
            App: target.Request.App,
            Organization: secret.Scope == SecretScope.Organization ? target.Organization : null,
            secret.Name,
            Value: target.Secrets[secret.Name]))).ToList();
        foreach (var level in shared.GroupBy(one => (one.App, one.Organization)))
        {
            var of = SecretsOf.App(level.Key.App, organization: level.Key.Organization);
            var shown = level.Key.Organization is { } organization ? $"organization {organization} of app {level.Key.App}" : $"app {level.Key.App}";
            var set = await call.Client.Secrets.ListAsync(of, call.CancellationToken).Where(secret => secret.Set).Select(secret => secret.Name).ToListAsync(call.CancellationToken);
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var one in level.GroupBy(one => one.Name, StringComparer.Ordinal))
            {
                if (set.Contains(one.Key) && !replaces)
                {
                    call.Output.Note($"note: the secret {one.Key} of {shown} has a value already, which stays. --yes replaces it, for all of {shown}.");
                    continue;
                }

                values.Add(one.Key, one.First().Value);
                call.Output.Line($"Secret {one.Key} is kept for {shown}: one value for {Words.Count(one.Count(), "customer")}{(set.Contains(one.Key) ? ", in place of the one before" : "")}.");
            }

            if (values.Count > 0)
                await call.Client.Secrets.PutAll(of, values).SendAsync(call.CancellationToken);
        }

        return [.. targets.Select(WithoutShared)];
    }

    private static IEnumerable<SecretDefinition> Of(OnboardTarget target) =>
        target.Manifest.Secrets.Where(secret => secret.Scope < SecretScope.Tenant && target.Secrets.ContainsKey(secret.Name) && !target.OwnSecrets.Contains(secret.Name));

    private static OnboardTarget WithoutShared(OnboardTarget target)
    {
        var shared = Of(target).Select(secret => secret.Name).ToHashSet(StringComparer.Ordinal);
        return target with { Secrets = target.Secrets.Where(one => !shared.Contains(one.Key)).ToDictionary(StringComparer.Ordinal), ManagementKey = null };
    }
}
