namespace Tenantry.Targets.Docker.Engine;

/// <summary>Removes containers, whatever state they are in.</summary>
internal sealed class ContainerRemoval(IEngine engine)
{
    private const int MostTries = 200;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    /// <summary>Removes one by name or id, running or not, and its volumes without a name. One that is gone is removed.</summary>
    internal async Task RemoveAsync(string container, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await engine.DeleteAsync($"/containers/{container}?force=1&v=1", cancellationToken);
                return;
            }
            catch (EngineException error) when (DockerErrors.IsBeingRemoved(error) && tries < MostTries)
            {
                // By somebody else: a control plane that was killed, or the engine itself.
                await Task.Delay(BetweenTries, cancellationToken);
            }
        }
    }
}
