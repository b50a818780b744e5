using System.Globalization;
using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A webhook beside which nothing can be written, as on a full disk: the name of any file beside it would be too long. It can be read, moved and removed.</summary>
internal static class UnwritablePlace
{
    public static readonly string Id = new('x', 225);

    /// <summary>Has it wait for the instance; gives its path.</summary>
    public static string Put(string folder, string instanceId, StoredWebhook webhook)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, instanceId, "pending")).FullName;
        var path = Path.Combine(place, string.Create(CultureInfo.InvariantCulture, $"{webhook.ReceivedAt.UtcTicks:D20}-{webhook.Id}.hook"));
        File.WriteAllBytes(path, webhook.ToBytes());
        return path;
    }
}
