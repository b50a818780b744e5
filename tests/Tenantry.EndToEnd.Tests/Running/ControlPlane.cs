using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tenantry.Client;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>
/// A data folder with a control plane: started, killed and started again at will. The target <c>local</c> is configured with a control group of its
/// own, so that what is left of a test can be told from everything else on the machine.
/// </summary>
internal sealed partial class ControlPlane : IAsyncDisposable
{
    private const int Term = 15;
    private static readonly Lazy<Task<string>> Program = new(TenantryProgram.BuildAsync);
    private readonly string? _network;
    private IReadOnlyList<int> _children = [];
    private Process? _serve;
    private Task _log = Task.CompletedTask;

    /// <param name="network">A network namespace to serve in; null: the machine's own.</param>
    public ControlPlane(string? network = null)
    {
        _network = network;
        Folder = Directory.CreateTempSubdirectory("tenantry-e2e-").FullName;
        File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Cgroup = Path.GetFileName(Folder);
        Client = new(TenantryAddress.OfSocket(Path.Combine(Folder, "api.sock")));
    }

    /// <summary>Speaks to it over its socket.</summary>
    public TenantryClient Client { get; }

    public string Folder { get; }

    public string Cgroup { get; }

    public string Gateway { get; private set; } = "";

    public string Api { get; private set; } = "";

    public int Pid => _serve!.Id;

    public string LogFile => Path.Combine(Folder, "serve.log");

    /// <summary>Keeps the results of builds where other tests and the quickstart find them. They are named by the digest of all that went into them.</summary>
    public void ShareBuilds()
    {
        const string Cache = "/var/cache/tenantry/builds";
        var builds = Path.Combine(Folder, "targets", "local", "builds");
        Directory.CreateDirectory(Cache);
        Directory.CreateDirectory(Path.GetDirectoryName(builds)!);
        Directory.CreateSymbolicLink(builds, Cache);
    }

    /// <summary>Starts <c>tenantry serve</c> and waits until it is ready.</summary>
    public async Task StartAsync(string? crashAt = null, params string[] options)
    {
        string[] arguments = ["serve", "--data", Folder, "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0", .. options];
        var program = await Program.Value;
        var start = _network is null ? new ProcessStartInfo(program, arguments) : new ProcessStartInfo("nsenter", [$"--net={_network}", "--", program, .. arguments]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["TENANTRY_CRASH_AT"] = crashAt;
        _serve = Process.Start(start)!;
        _serve.StandardInput.Close();
        _log = CopyAsync(_serve.StandardError.BaseStream);
        using var late = new CancellationTokenSource(Eventually.Limit);
        var line = await _serve.StandardOutput.ReadLineAsync(late.Token) ?? throw new InvalidOperationException($"serve ended at once: {await LogAsync()}");
        var addresses = JsonDocument.Parse(line).RootElement;
        Api = addresses.GetProperty("api").GetString()!;
        Gateway = addresses.GetProperty("gateway").GetString()!;
        while (!await IsReadyAsync(late.Token))
            await Task.Delay(50, late.Token);
        _children = Machine.ChildrenOf(_serve.Id);
    }

    /// <summary>Starts one with the target <c>local</c>.</summary>
    public static async Task<ControlPlane> StartWithLocalAsync(string? network = null)
    {
        var plane = new ControlPlane(network);
        try
        {
            await plane.StartAsync();
            await plane.AddLocalAsync();
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    public async Task AddLocalAsync() => (await CallAsync("target", "add", "local", "--option", $"cgroup={Cgroup}")).ShouldEndWith(0);

    /// <summary>Runs a verb against this control plane.</summary>
    public Task<Finished> CallAsync(params string[] arguments) => CallWithInputAsync("", arguments);

    public async Task<Finished> CallWithInputAsync(string input, params string[] arguments) =>
        await Finished.RunAsync(await Program.Value, arguments, new Dictionary<string, string?>(StringComparer.Ordinal) { ["TENANTRY_DATA"] = Folder }, input);

    /// <summary>Runs a verb and ends it as <c>kill -9</c> does when the condition holds. One that came to its end before is a failure of the test.</summary>
    public async Task KilledAsync(Func<Task<(bool Holds, string Seen)>> when, params string[] arguments)
    {
        var start = new ProcessStartInfo(await Program.Value, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TENANTRY_DATA"] = Folder;
        using var verb = Process.Start(start)!;
        var said = Task.WhenAll(verb.StandardOutput.ReadToEndAsync(), verb.StandardError.ReadToEndAsync());
        await Eventually.HoldsAsync(async () => verb.HasExited ? throw new InvalidOperationException($"It had ended: {string.Concat(await said)}") : await when());
        verb.Kill();
        await verb.WaitForExitAsync().WaitAsync(Eventually.Limit);
    }

    /// <summary>Runs a verb that must be done, and reads its JSON.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments) => (await CallAsync([arguments[0], "-o", "json", .. arguments[1..]])).ShouldEndWith(0).Json;

    /// <summary>As <c>kill -9</c> does, all of its processes at once.</summary>
    public async Task KillAsync()
    {
        // Its children by their ids: when it is gone already they are nobody's any more.
        _serve!.Kill();
        foreach (var child in _children.Where(id => Machine.CommandLine(id).Contains(Folder, StringComparison.Ordinal)))
            _ = Kill(child, 9);
        await _serve.WaitForExitAsync().WaitAsync(Eventually.Limit);
        await _log.WaitAsync(Eventually.Limit);
        _serve.Dispose();
        _serve = null;
    }

    /// <summary>Waits until all of its processes have ended by themselves.</summary>
    public async Task EndedAsync()
    {
        await _serve!.WaitForExitAsync().WaitAsync(Eventually.Limit);
        await _log.WaitAsync(Eventually.Limit);
        _serve.Dispose();
        _serve = null;
    }

    public bool HasEnded => _serve is null || _serve.HasExited;

    /// <summary>SIGTERM, as a service manager sends it; returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        _ = Kill(_serve!.Id, Term);
        try
        {
            await _serve.WaitForExitAsync().WaitAsync(Eventually.Limit);
        }
        catch (TimeoutException late)
        {
            await KillAsync();
            throw new TimeoutException($"serve did not end within {Eventually.Limit} of SIGTERM. It wrote: {await LogAsync()}", late);
        }

        await _log.WaitAsync(Eventually.Limit);
        var code = _serve.ExitCode;
        _serve.Dispose();
        _serve = null;
        return code;
    }

    /// <summary>What it wrote to standard error, all of its starts together.</summary>
    public async Task<string> LogAsync()
    {
        if (HasEnded)
            await _log;
        await using var log = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        return await reader.ReadToEndAsync();
    }

    /// <summary>Removes every tenant and everything on disk, whatever the test came to.</summary>
    public async ValueTask DisposeAsync()
    {
        if (HasEnded)
        {
            if (_serve is not null)
                await KillAsync();
            if (File.Exists(Path.Combine(Folder, "store", "tenantry.db")))
                await StartAsync();
        }

        if (_serve is not null)
        {
            foreach (var tenant in (await JsonAsync("tenant", "list")).EnumerateArray())
                await CallAsync("tenant", "remove", tenant.GetProperty("name").GetString()!, "--yes");
            await StopAsync();
        }

        Client.Dispose();
        Directory.Delete(Folder, recursive: true);
        await Machine.ForgetAsync(Folder, Cgroup);
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Client.IsReadyAsync(cancellationToken);
        }
        catch (TenantryUnavailableException)
        {
            return false;
        }
    }

    private async Task CopyAsync(Stream from)
    {
        await using var to = new FileStream(LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        await from.CopyToAsync(to);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
