namespace Tenantry.Server.LlmKeys;

/// <summary>A provider refused or failed. The message is a sentence for a person and holds no key.</summary>
public sealed class LlmProviderException(LlmFault fault, string message, TimeSpan? retryAfter = null, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What it was.</summary>
    public LlmFault Fault => fault;

    /// <summary>How long the provider asks to be left alone, or null.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>Why a provider did not do what was asked.</summary>
public enum LlmFault
{
    /// <summary>It does not know the management key.</summary>
    WrongManagementKey,

    /// <summary>The key's own limit is used up.</summary>
    KeyCap,

    /// <summary>The account has no credit left.</summary>
    OutOfCredit,

    /// <summary>The management key may not do that.</summary>
    Forbidden,

    /// <summary>There is no such key: the provider itself says so.</summary>
    Gone,

    /// <summary>It wants to be asked less often; nothing was done.</summary>
    TooManyRequests,

    /// <summary>It does not take what was sent.</summary>
    Refused,

    /// <summary>It did not answer, or not in a way that tells anything: whether it was done is not known.</summary>
    Unavailable,
}
