namespace Tenantry.Server.Reconciling;

/// <summary>What a pass over an instance came to.</summary>
public enum PassEnd
{
    /// <summary>Somebody else works on it; nothing was looked at.</summary>
    Busy,

    /// <summary>There is no such instance.</summary>
    Gone,

    /// <summary>It is as it is wanted.</summary>
    Settled,

    /// <summary>Nothing more can be done now: it waits for a secret, for its health, or for the next try.</summary>
    Waiting,

    /// <summary>It failed and is tried again.</summary>
    Retry,

    /// <summary>It failed, and a person must change something.</summary>
    Failed,

    /// <summary>It was deleted, that was verified, and it left the store.</summary>
    Removed,

    /// <summary>The lease was lost or the store went away: what was done will be found by the next pass.</summary>
    Abandoned,
}
