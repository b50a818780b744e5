using System.Globalization;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Wire;

/// <summary>An LLM key of an instance. Its text is a secret and never here.</summary>
/// <param name="Slug">The instance.</param>
/// <param name="Secret">The secret that holds its text.</param>
/// <param name="Provider">Who issues it.</param>
/// <param name="State"><c>active</c>, <c>disabled</c>, <c>minting</c> (asked for, and not there yet) or <c>own</c> (a person gave it: its limit is not known here).</param>
/// <param name="Name">Its name at the provider, or null.</param>
/// <param name="Label">The few characters of it that the provider shows, or null.</param>
/// <param name="Limit">What it may spend, or null.</param>
/// <param name="Reset">When the spending counts from zero again, or null.</param>
/// <param name="Usage">What it had spent when the provider was asked last, or null.</param>
public sealed record LlmKeyResponse(
    string Slug, string Secret, string Provider, string State, string? Name, string? Label, MoneyResponse? Limit, LlmReset? Reset, LlmUsageResponse? Usage);

/// <summary>What a key had spent. Days, weeks and months begin at 00:00 UTC, weeks on Monday.</summary>
/// <param name="At">When the provider was asked.</param>
/// <param name="Total">Since it was made.</param>
/// <param name="Daily">Today.</param>
/// <param name="Weekly">This week.</param>
/// <param name="Monthly">This month.</param>
/// <param name="Remaining">What is left until the limit, or null.</param>
/// <param name="Percent">Of the limit, 0 to 100.</param>
public sealed record LlmUsageResponse(
    DateTimeOffset At, MoneyResponse Total, MoneyResponse Daily, MoneyResponse Weekly, MoneyResponse Monthly, MoneyResponse? Remaining, int Percent);

/// <summary>Body of <c>PATCH /v1/instances/{slug}/llm</c>: what is null stays as it is.</summary>
/// <param name="Limit">What its keys may spend, in place of the tier's limit; in USD, whole cents.</param>
/// <param name="TierLimit">True goes back to the tier's limit.</param>
/// <param name="Disabled">Whether its keys are disabled.</param>
/// <param name="Own">True: a person gives the keys, as secrets; those that were made are deleted.</param>
public sealed record UpdateLlmRequest(MoneyResponse? Limit = null, bool? TierLimit = null, bool? Disabled = null, bool? Own = null);

/// <summary>Body of <c>PUT /v1/llm/providers/{name}</c>: what is null stays as it is, or has its default.</summary>
/// <param name="ManagementKey">The key that makes keys; can be written and never read. Needed the first time.</param>
/// <param name="BaseUrl">Where its API is; OpenRouter's own unless said.</param>
/// <param name="PollSeconds">Time between two looks at what keys have spent; 300 unless said.</param>
/// <param name="Workspace">Where keys are made at the provider, or empty for its default.</param>
/// <param name="Force">True changes address or workspace although keys are in use: they are known there, too.</param>
public sealed record PutLlmProviderRequest(string? ManagementKey = null, string? BaseUrl = null, int? PollSeconds = null, string? Workspace = null, bool Force = false)
{
    /// <summary>Keeps the key out of logs.</summary>
    public override string ToString() => "PutLlmProviderRequest";
}

/// <summary>A provider of LLM keys. <paramref name="Version"/> is its ETag.</summary>
public sealed record LlmProviderResponse(string Name, string BaseUrl, int PollSeconds, string Workspace, int Keys, long Version, DateTimeOffset ChangedAt);

/// <summary>US dollars on the wire.</summary>
public static class Dollars
{
    /// <summary>The only currency of LLM keys.</summary>
    public const string Currency = "USD";

    /// <summary>Dollars as they cross the wire.</summary>
    public static MoneyResponse Of(decimal dollars) => new(dollars.ToString(CultureInfo.InvariantCulture), Currency);

    /// <summary>Dollars, or null when the money is no whole number of cents below $10,000,000 in USD.</summary>
    public static decimal? Read(MoneyResponse money) =>
        money.Currency == Currency ? MoneyText.Parse("$" + money.Amount) : null;
}
