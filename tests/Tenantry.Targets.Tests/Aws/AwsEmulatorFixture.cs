using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>moto's server with our additions, on a port of its own; ends with the tests. It keeps everything in memory.</summary>
public sealed class AwsEmulatorFixture : IAsyncLifetime
{
    internal const string Region = "eu-central-1";
    internal const string Bucket = "states";

    private readonly HttpClient _http = new();
    private Process? _server;

    /// <summary>Why there can be no emulator here, or null.</summary>
    internal static string? WhyNot { get; } = Find();

    /// <summary>Where Python itself is.</summary>
    internal static string? Interpreter { get; private set; }

    internal Uri Endpoint { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (WhyNot is not null)
            return;
        // The emulator takes any credentials; variables are where every tool looks first.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
        var start = new ProcessStartInfo(Interpreter!, [Path.Combine(AppContext.BaseDirectory, "Aws", "aws_emulator.py")]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false";
        _server = Process.Start(start)!;
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var port = await _server.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The emulator did not start.");
        Endpoint = new Uri($"http://127.0.0.1:{int.Parse(port, CultureInfo.InvariantCulture)}/");
        var body = $"<CreateBucketConfiguration><LocationConstraint>{Region}</LocationConstraint></CreateBucketConfiguration>";
        using var made = await SendAsync(HttpMethod.Put, Bucket, "s3", body);
        made.EnsureSuccessStatusCode();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        if (_server is null)
            return;
        // It ends when its input does.
        _server.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _server.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _server.Kill();
        }

        _server.Dispose();
    }

    /// <summary>Asks the emulator something past the target: what somebody does by hand, or in the console.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string service, string body = "", string? target = null, string key = "test")
    {
        var request = new HttpRequestMessage(method, new Uri(Endpoint, path)) { Content = new StringContent(body, Encoding.UTF8) };
        request.Headers.TryAddWithoutValidation("Authorization", $"AWS4-HMAC-SHA256 Credential={key}/20261129/{Region}/{service}/aws4_request, SignedHeaders=host, Signature=0");
        if (body.StartsWith("Action=", StringComparison.Ordinal))
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        if (target is not null)
        {
            request.Headers.Add("X-Amz-Target", target);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        }

        return _http.SendAsync(request);
    }

    /// <summary>A call in JSON by hand; gives what is answered.</summary>
    internal async Task<string> JsonAsync(string service, string target, string body)
    {
        using var answer = await SendAsync(HttpMethod.Post, "", service, body, target);
        return await answer.Content.ReadAsStringAsync();
    }

    private static string? Find()
    {
        if (Programs.Find("python3") is not { } python)
            return "skipped: needs python3";
        using var look = Process.Start(new ProcessStartInfo(python, ["-c", "import moto.server, sys; print(sys.executable)"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Interpreter = look.StandardOutput.ReadToEnd().Trim();
        look.WaitForExit();
        return look.ExitCode == 0 ? null : "skipped: needs moto (pip install 'moto[server]')";
    }
}

/// <summary>All tests with the emulator share one, but for lives.</summary>
[CollectionDefinition(Name)]
public sealed class AwsEmulatorTests : ICollectionFixture<AwsEmulatorFixture>
{
    public const string Name = "aws emulator";
}

/// <summary>A life with the real Terraform takes minutes of waiting: it goes beside the others.</summary>
[CollectionDefinition(Name)]
public sealed class AwsLifeEmulatorTests : ICollectionFixture<AwsEmulatorFixture>
{
    public const string Name = "aws life";
}

/// <summary>A test that needs the emulator; says so when it is skipped.</summary>
public sealed class NeedsEmulatorFactAttribute : FactAttribute
{
    public NeedsEmulatorFactAttribute() => Skip = AwsEmulatorFixture.WhyNot;
}

/// <summary>A test that needs the emulator, Terraform and its provider; says so when it is skipped.</summary>
public sealed class NeedsTerraformFactAttribute : FactAttribute
{
    public NeedsTerraformFactAttribute() => Skip = AwsEmulatorFixture.WhyNot ?? RealTerraform.WhyNot;
}
