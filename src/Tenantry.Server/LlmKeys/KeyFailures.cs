using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.LlmKeys;

/// <summary>What a provider's failure means for an instance: whether trying again helps, and what a person should do.</summary>
internal static class KeyFailures
{
    public static ResourceName Resource(string secret) => new("llm-key", secret);

    public static TargetException Of(LlmProviderException failure, string provider, string secret) => new(
        failure.Message,
        retryable: failure.Fault is LlmFault.Unavailable or LlmFault.TooManyRequests or LlmFault.OutOfCredit or LlmFault.Gone,
        Resource(secret),
        Fix(failure.Fault, provider),
        failure);

    /// <summary>Runs something that asks a provider, and says what its failure means.</summary>
    public static async Task<T> AskAsync<T>(string provider, string secret, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (LlmProviderException failure)
        {
            throw Of(failure, provider, secret);
        }
    }

    private static string? Fix(LlmFault fault, string provider) => fault switch
    {
        LlmFault.WrongManagementKey => $"Make a management key at {provider} and set it: 'tenantry llm provider set {provider}'. What waits for it goes on by itself.",
        LlmFault.Forbidden => $"Set a management key that may make keys: 'tenantry llm provider set {provider}'.",
        LlmFault.KeyCap => $"Raise the limit of the management key at {provider}.",
        LlmFault.OutOfCredit => $"Add credit to the account at {provider}.",
        LlmFault.Refused => "Check the tier's llm limit and the provider's workspace: 'tenantry llm provider list'.",
        _ => null,
    };
}
