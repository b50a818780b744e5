namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>How a try to deliver a webhook ended.</summary>
internal enum AttemptEnd
{
    /// <summary>The app has it.</summary>
    Delivered,

    /// <summary>It will not take it, however often it is sent.</summary>
    Refused,

    /// <summary>It has it, and did not answer in the time that it has for that.</summary>
    Late,

    /// <summary>It may take it another time.</summary>
    NotNow,
}

/// <summary>What came of a try to deliver a webhook.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Why">Why the app does not have it; empty when it has.</param>
/// <param name="Again">When to try again; null: after a pause that grows with each try.</param>
internal sealed record Attempt(AttemptEnd End, string Why = "", TimeSpan? Again = null);
