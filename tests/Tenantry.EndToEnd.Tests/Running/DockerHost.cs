using Tenantry.Targets.Tests.Docker;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>A control plane whose target <c>docker</c> is a real engine of the test's own, in a network namespace of its own.</summary>
internal sealed class DockerHost : IAsyncDisposable
{
    private readonly List<string> _folders = [];

    /// <summary>What its tests need of the machine.</summary>
    public const string Programs = "dockerd";

    public EngineFixture Engine { get; } = new();

    public ControlPlane Plane { get; } = new();

    /// <param name="options">More for <c>tenantry serve</c>.</param>
    public static async Task<DockerHost> StartAsync(params string[] options)
    {
        var host = new DockerHost();
        try
        {
            await host.Engine.InitializeAsync();
            await host.Plane.StartAsync(null, options);
            (await host.Plane.CallAsync("target", "add", "docker", "--option", $"engine=unix://{host.Engine.Socket}")).ShouldEndWith(0);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Applies an example from a copy with programs of the machine in it.</summary>
    public async Task ApplyAsync(string example, Func<string, Task> prepare)
    {
        var folder = NewFolder();
        foreach (var file in Directory.GetFiles(Repository.Example(example)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        await prepare(folder);
        (await Plane.CallAsync("app", "apply", "-f", folder)).ShouldEndWith(0);
    }

    /// <summary>Applies the example zeptoclaw-like.</summary>
    public Task ApplyAgentAsync() => ApplyAsync("zeptoclaw-like", folder =>
    {
        File.Copy(Machine.Find("busybox")!, Path.Combine(folder, "busybox"), overwrite: true);
        return Task.CompletedTask;
    });

    /// <summary>A folder that goes with this.</summary>
    public string NewFolder()
    {
        _folders.Add(Directory.CreateTempSubdirectory("tenantry-e2e-docker-").FullName);
        return _folders[^1];
    }

    /// <summary>The engine's own command line.</summary>
    public Task<Finished> DockerAsync(params string[] arguments) => RunAsync("docker", arguments, null);

    /// <summary>A line of shell in which <c>docker</c> means this engine.</summary>
    public Task<Finished> ShellAsync(string line) => RunAsync("/bin/sh", ["-c", line], null);

    public Task<Finished> ComposeAsync(string folder, params string[] arguments) => RunAsync("docker-compose", arguments, folder);

    /// <summary>Compose 2, a plugin of the engine's command line that also runs alone; null where it is not installed.</summary>
    public static string? ComposeTwo => new[] { "/usr/local/libexec/docker/cli-plugins/docker-compose", "/usr/libexec/docker/cli-plugins/docker-compose", "/usr/lib/docker/cli-plugins/docker-compose" }.FirstOrDefault(File.Exists);

    public Task<Finished> ComposeTwoAsync(string folder, params string[] arguments) => RunAsync(ComposeTwo!, arguments, folder);

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        await Engine.DisposeAsync();
        foreach (var folder in _folders)
            Directory.Delete(folder, recursive: true);
    }

    private Task<Finished> RunAsync(string program, string[] arguments, string? folder) =>
        Finished.RunAsync(program, arguments, new Dictionary<string, string?>(StringComparer.Ordinal) { ["DOCKER_HOST"] = $"unix://{Engine.Socket}" }, folder: folder);
}
