namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Marks a request that delivers a stored webhook: what it says of that is ours.</summary>
internal sealed class Delivery
{
    /// <summary>What each of them carries.</summary>
    public static readonly Delivery Mark = new();

    private Delivery()
    {
    }
}
