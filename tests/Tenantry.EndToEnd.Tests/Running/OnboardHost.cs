using Tenantry.Server.Tests.LlmKeys;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>A control plane with the app <c>agent</c> and its provider, for tests that leave no customer behind. Started by the first that needs it.</summary>
public sealed class OnboardHost : IAsyncLifetime
{
    private static readonly string Agent = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "agent");
    private ControlPlane? _plane;
    private OpenRouterPeer? _peer;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_plane is not null)
            await _plane.DisposeAsync();
        if (_peer is not null)
            await _peer.DisposeAsync();
    }

    /// <summary>Both, with no customer, no key and nothing asked of the provider yet.</summary>
    internal async Task<(OpenRouterPeer Peer, ControlPlane Plane)> FreshAsync()
    {
        _peer ??= await OpenRouterPeer.StartAsync();
        (_peer.Before, _peer.After) = (_ => null, _ => null);
        _plane ??= await StartAsync(_peer, "1h");
        await foreach (var tenant in _plane.Client.Tenants.ListAsync())
            await _plane.Client.Tenants.Delete(tenant.Name).SendAsync();
        await Eventually.HoldsAsync(async () => (!await _plane.Client.Tenants.ListAsync().AnyAsync(), "customers of another test are still there"));
        _peer.Keys.ShouldBeEmpty();
        _peer.Requests.Clear();
        return (_peer, _plane);
    }

    /// <summary>One of its own, for tests that change what others rely on.</summary>
    internal static async Task<ControlPlane> StartAsync(OpenRouterPeer peer, string poll)
    {
        var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Agent)).ShouldEndWith(0);
        (await plane.CallWithInputAsync(OpenRouterPeer.ManagementKey, "llm", "provider", "set", "openrouter", "--base-url", peer.BaseUrl, "--poll", poll)).ShouldEndWith(0);
        return plane;
    }
}
