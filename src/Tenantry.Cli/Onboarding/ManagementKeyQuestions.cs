using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>Finds out the management key with which a provider makes the customers' LLM keys. It is set once; who gives a file with one sets it anew.</summary>
internal sealed class ManagementKeyQuestions(Call call, OnboardMood mood)
{
    private readonly Dictionary<string, string?> _answers = new(StringComparer.Ordinal);

    public async Task<(string Provider, string Key)?> AskAsync(Customer customer, Manifest manifest, InstanceResponse? present, MissingAnswers missing)
    {
        var provider = manifest.Secrets.FirstOrDefault(s => s.Provider is not null && s.Required)?.Provider;
        if (provider is null || customer.SkipsProvision || (present is not null && mood.ManagementKeyFile is null))
            return null;
        if (!_answers.TryGetValue(provider, out var key))
            _answers.Add(provider, key = await KeyAsync(provider, missing));
        return key is null ? null : (provider, key);
    }

    private async Task<string?> KeyAsync(string provider, MissingAnswers missing)
    {
        if (mood.ManagementKeyFile is { } file)
            return (await SecretInput.ReadFileAsync(call, $"management key of {provider}", file)).Trim();
        if (mood.IsDryRun || await IsKnownAsync(provider))
            return null;
        if (call.Output.CanAsk)
            return Prompt.Hidden(call.Host, $"Management key of {provider}, which makes the tenant's LLM key");
        missing.Add("--management-key-file FILE", $"No management key of {provider} is set, which makes the tenant's LLM key; --skip-provision does without one.");
        return null;
    }

    private async Task<bool> IsKnownAsync(string provider)
    {
        try
        {
            return await call.Client.Llm.ListProvidersAsync(call.CancellationToken).AnyAsync(p => p.Name == provider, call.CancellationToken);
        }
        catch (TenantryException refused) when (refused.Code == ProblemCodes.Forbidden)
        {
            // Providers are the platform's, which sees to their keys.
            return true;
        }
    }
}
