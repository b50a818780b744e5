using Tenantry.Server.Events;

namespace Tenantry.Server.Health;

/// <summary>The engine answers.</summary>
internal sealed class EngineReady(ChangeFeed feed) : IReadyCheck
{
    public string Name => "engine";

    public Task<string?> WhyNotAsync(CancellationToken cancellationToken) => Task.FromResult(feed.HearsEngine ? null : "the engine does not answer yet");
}
