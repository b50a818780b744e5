using System.Diagnostics;
using System.Text.Json;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>The npm package oidc-provider on this machine: ann is an owner of the organization acme, bob of other.</summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    private readonly int _port = FreePort.Take();
    private Process? _process;

    /// <summary>Writes the file of <c>serve --oidc</c>; the provider may start later.</summary>
    public string WriteFile(string folder)
    {
        var file = Path.Combine(folder, "oidc.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            name = "Example ID",
            issuer = $"http://127.0.0.1:{_port}",
            clientId = "tenantry",
            clientSecret = "secret-of-the-client-for-tests",
            roles = new[] { new { group = "acme-owners", role = "owner", organization = "acme" }, new { group = "other-members", role = "owner", organization = "other" } },
        }));
        return file;
    }

    public async Task StartAsync(string api)
    {
        var folder = await NpmFolder.InstallAsync();
        File.Copy(Path.Combine(Repository.Root, "tests", "Tenantry.Server.Tests", "Api", "Oidc", "provider.mjs"), Path.Combine(folder, "provider.mjs"), overwrite: true);
        var start = new ProcessStartInfo("node", ["provider.mjs", $"{_port}", $"{api.TrimEnd('/')}/signin/oidc", $"{api.TrimEnd('/')}/signin/oidc/logout"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        _process = Process.Start(start)!;
        _process.BeginErrorReadLine();
        using var late = new CancellationTokenSource(Eventually.Limit);
        while (await _process.StandardOutput.ReadLineAsync(late.Token) is { } line && line != "ready")
        {
            // Warnings.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        using var late = new CancellationTokenSource(Eventually.Limit);
        await _process.WaitForExitAsync(late.Token);
        _process.Dispose();
    }
}
