namespace Tenantry.Server.Gateway.Waking;

/// <summary>What happens to a request whose connection could not be made.</summary>
internal enum Retry
{
    /// <summary>It has failed.</summary>
    No,

    /// <summary>It goes on if the engine knows at once where to.</summary>
    Once,

    /// <summary>As above; and it is held while the instance is being started or changed.</summary>
    Held,
}
