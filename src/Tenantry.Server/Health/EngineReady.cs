using Tenantry.Server.Engine;

namespace Tenantry.Server.Health;

/// <summary>The engine answers.</summary>
internal sealed class EngineReady(IEngineLink engine) : IReadyCheck
{
    public string Name => "engine";

    public async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        try
        {
            await engine.ReadMetricsAsync(cancellationToken);
            return null;
        }
        catch (EngineUnavailableException)
        {
            return "the engine does not answer";
        }
    }
}
