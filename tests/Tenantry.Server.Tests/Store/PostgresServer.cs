using System.Diagnostics;
using System.Runtime.InteropServices;
using Npgsql;

namespace Tenantry.Server.Tests.Store;

/// <summary>A PostgreSQL server of the tests' own: data and Unix socket in a temporary folder, no port, stopped by its process.</summary>
public sealed partial class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"tnpg-{Guid.NewGuid():N}"[..13]);
    private readonly string _binaries = FindBinaries();
    private Process? _server;
    private int _databases;

    private string Data => Path.Combine(_folder, "data");

    private string Socket => Path.Combine(_folder, "s");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Socket);
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root.
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
            foreach (var path in new[] { _folder, Socket })
                Give(path);
        }
        await RunAsync(Command("initdb", "-D", Data, "-A", "trust", "-U", "tenantry", "-E", "UTF8", "--no-locale", "--no-sync"));
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task StartAsync()
    {
        var command = Command("postgres", "-D", Data, "-k", Socket, "-h", "", "-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=16MB");
        command.RedirectStandardError = true;
        _server = Process.Start(command)!;
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginErrorReadLine();
        await Eventually.HoldsAsync(
            async () =>
            {
                await using var source = NpgsqlDataSource.Create($"Host={Socket};Username=tenantry;Database=postgres;Pooling=false");
                await using var connection = await source.OpenConnectionAsync();
                return true;
            },
            "PostgreSQL answers");
    }

    /// <summary>Ends the server as a crash of the machine would, as far as clients can tell.</summary>
    public async Task StopAsync()
    {
        if (_server is null)
            return;
        const int quit = 3;
        _ = kill(_server.Id, quit);
        try
        {
            await _server.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));
        }
        catch (TimeoutException)
        {
            _server.Kill(entireProcessTree: true);
            throw;
        }

        _server.Dispose();
        _server = null;
    }

    /// <summary>An empty database: its address in the form that <c>--store</c> takes.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        await using var source = NpgsqlDataSource.Create($"Host={Socket};Username=tenantry;Database=postgres;Pooling=false");
        await using var command = source.CreateCommand($"CREATE DATABASE {name}");
        await command.ExecuteNonQueryAsync();
        return $"postgres://tenantry@/{name}?host={Socket}&pool=10";
    }

    private ProcessStartInfo Command(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        var start = Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.UseShellExecute = false;
        start.WorkingDirectory = _folder;
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("PGHOST");
        return start;
    }

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{await output}{await error}");
    }

    private static string FindBinaries()
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian)
            ? Directory.GetDirectories(debian).OrderDescending().Select(version => Path.Combine(version, "bin"))
            : [];
        string[] path = [.. folders, .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')];
        return path.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new InvalidOperationException("The tests need PostgreSQL: apt-get install postgresql");
    }

    private static void Give(string path)
    {
        const uint nobody = 65534;
        chown(path, nobody, nobody).ShouldBe(0);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}
