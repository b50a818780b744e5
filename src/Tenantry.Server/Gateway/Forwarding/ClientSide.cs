namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>What the kernel knows of a client, which is more than what was read of it.</summary>
internal enum ClientSide
{
    There,

    /// <summary>It has ended its side and may still read.</summary>
    Ended,

    /// <summary>It takes nothing any more.</summary>
    Gone,
}
