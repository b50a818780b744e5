using System.Diagnostics;

namespace Tenantry.Bench;

/// <summary>The rendered file, started by docker-compose.</summary>
internal sealed class ComposePeer(string program, ControlPlane plane, DockerPeer peer)
{
    // Compose's own containers, not the control plane's.
    private const string Ours = "label=com.docker.compose.service";
    private readonly string folder = Directory.CreateTempSubdirectory("tenantry-bench-compose-").FullName;

    private string File => Path.Combine(folder, "compose.yaml");

    /// <summary>Writes the file, which is not counted.</summary>
    public Task RenderAsync(IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        Programs.RunAsync(program, ["render", "compose", "--data", plane.Data, "--output", File, .. names], cancellationToken);

    /// <summary>From `up -d` until the engine calls all of them healthy.</summary>
    public async Task<TimeSpan> UpUntilHealthyAsync(int count, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await ComposeAsync(["up", "-d"], cancellationToken);
        await peer.UntilHealthyAsync(Ours, count, cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>From `up -d` until all of them answer.</summary>
    public async Task<TimeSpan> UpUntilAnswerAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await ComposeAsync(["up", "-d"], cancellationToken);
        await peer.UntilAnswerAsync(await peer.FindAsync(Ours, cancellationToken), cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    public Task DownAsync(CancellationToken cancellationToken) => ComposeAsync(["down", "-v", "-t", "1"], cancellationToken);

    // Compose gives up on an engine that is busy with many networks after its own minute.
    private Task ComposeAsync(string[] arguments, CancellationToken cancellationToken) =>
        Programs.RunAsync("env", ["COMPOSE_HTTP_TIMEOUT=600", $"DOCKER_HOST={peer.Socket}", "docker-compose", "-p", "bench", "-f", File, .. arguments], cancellationToken);
}
