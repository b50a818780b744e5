using Tenantry.Model.Manifests;

namespace Tenantry.Server.LlmKeys;

/// <summary>
/// Who issues LLM keys with a cap. Every call throws <see cref="LlmProviderException"/> when it failed, which tells why; only
/// <see cref="LlmFault.Gone"/> means that there is no such key.
/// </summary>
public interface ILlmProvider
{
    /// <summary>Every key of the account, the disabled ones too.</summary>
    Task<IReadOnlyList<ProviderKey>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One key, or null when the provider says that there is none.</summary>
    Task<ProviderKey?> FindAsync(string hash, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a key, whose text is told this once. Not idempotent: a failure that is no <see cref="LlmFault.TooManyRequests"/> leaves open whether there is one now.
    /// </summary>
    Task<MintedKey> MintAsync(KeyTerms terms, CancellationToken cancellationToken);

    /// <summary>Gives a key another limit.</summary>
    Task<ProviderKey> LimitAsync(string hash, decimal limit, LlmReset reset, CancellationToken cancellationToken);

    /// <summary>Has a key refused, or accepted again.</summary>
    Task<ProviderKey> DisableAsync(string hash, bool disabled, CancellationToken cancellationToken);

    /// <summary>True when it was there.</summary>
    Task<bool> DeleteAsync(string hash, CancellationToken cancellationToken);
}

/// <summary>What a key is to be. <paramref name="Limit"/> is in US dollars.</summary>
public sealed record KeyTerms(string Name, decimal Limit, LlmReset Reset);

/// <summary>A key as its provider has it. Amounts are US dollars; <paramref name="Limit"/> is null when there is none.</summary>
public sealed record ProviderKey(
    string Hash,
    string Name,
    string Label,
    bool Disabled,
    decimal? Limit,
    decimal? Remaining,
    LlmReset Reset,
    decimal Total,
    decimal Daily,
    decimal Weekly,
    decimal Monthly);

/// <summary>A new key and its text.</summary>
public sealed record MintedKey(ProviderKey Key, string Text)
{
    /// <summary>Keeps the text out of logs.</summary>
    public override string ToString() => $"MintedKey {Key.Label}";
}
