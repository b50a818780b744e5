using System.Text.Json;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Why the webhooks of an instance still wait.</summary>
/// <param name="Id">The first of them: the others wait behind it. Empty where the gateway failed before it knew which that is.</param>
/// <param name="Reason">What came of its last try.</param>
/// <param name="Until">When it is tried again.</param>
/// <param name="Late">How often the app did not answer it in time.</param>
internal sealed record WebhookPause(string Id, string Reason, DateTimeOffset Until, int Late)
{
    /// <summary>No pause is longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait after one more failure: the longer the more there were before it.</summary>
    public static TimeSpan After(int failuresBefore)
    {
        var doubled = First * Math.Pow(2, Math.Min(failuresBefore, 20));
        return doubled < Longest ? doubled : Longest;
    }
}

/// <summary>
/// The pauses between two tries, each in a file beside the instance's webhooks: other processes say what is in it, and end the pause by removing it. One that is lost,
/// as with a machine's power, costs one try more.
/// </summary>
internal sealed class WebhookPauses(string folder)
{
    private const string Name = "pause.json";

    public bool Has(string instanceId) => File.Exists(PathOf(instanceId));

    /// <summary>What is there; null when nothing is, or nothing that can be read.</summary>
    public WebhookPause? Read(string instanceId)
    {
        try
        {
            return AtomicFile.ReadJson<WebhookPause>(PathOf(instanceId));
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(string instanceId, WebhookPause pause) => AtomicFile.WriteJson(PathOf(instanceId), pause, durable: false);

    /// <summary>It is over, or shall be.</summary>
    public void End(string instanceId)
    {
        try
        {
            File.Delete(PathOf(instanceId));
        }
        catch (DirectoryNotFoundException)
        {
            // There is none.
        }
    }

    private string PathOf(string instanceId) => Path.Combine(folder, Path.GetFileName(instanceId), Name);
}
