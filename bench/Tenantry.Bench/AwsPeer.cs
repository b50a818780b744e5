using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tenantry.Bench;

/// <summary>What stands for AWS, and Terraform as one would call it by hand: the same module set, the same kind of state, the same variables but for names.</summary>
internal sealed class AwsPeer : IAsyncDisposable
{
    public const string Region = "eu-central-1";
    public const string Bucket = "states";
    private const string Provider = "registry.terraform.io/hashicorp/aws";
    private readonly HttpClient http = new();
    private readonly string folder = Directory.CreateTempSubdirectory("tenantry-bench-aws-").FullName;
    private readonly Process emulator;

    private AwsPeer(Process emulator) => this.emulator = emulator;

    public Uri Endpoint { get; private set; } = null!;

    public static async Task<AwsPeer> StartAsync(CancellationToken cancellationToken)
    {
        var mirror = new[] { Environment.GetEnvironmentVariable("TENANTRY_TERRAFORM_MIRROR"), "/opt/tf-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins" }
            .FirstOrDefault(one => one is not null && Directory.Exists(Path.Combine(one, Provider))) ?? throw new InvalidOperationException("This needs the provider hashicorp/aws 5 in a mirror (TENANTRY_TERRAFORM_MIRROR=FOLDER).");
        // The emulator takes any credentials; variables are where every tool looks first. The control plane and Terraform have them from here.
        foreach (var (name, value) in new[] { ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_EC2_METADATA_DISABLED", "true"), ("MOTO_EC2_LOAD_DEFAULT_AMIS", "false") })
            Environment.SetEnvironmentVariable(name, value);
        var start = new ProcessStartInfo("python3", ["tests/Tenantry.Targets.Tests/Aws/aws_emulator.py"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var emulator = Process.Start(start)!;
        emulator.ErrorDataReceived += (_, _) => { };
        emulator.BeginErrorReadLine();
        var port = await emulator.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The emulator did not start: it needs moto (pip install 'moto[server]').");
        var peer = new AwsPeer(emulator) { Endpoint = new Uri($"http://127.0.0.1:{int.Parse(port, CultureInfo.InvariantCulture)}/") };
        peer.WriteConfiguration(mirror);
        using var made = await peer.SendAsync(HttpMethod.Put, Bucket, $"<CreateBucketConfiguration><LocationConstraint>{Region}</LocationConstraint></CreateBucketConfiguration>", cancellationToken);
        made.EnsureSuccessStatusCode();
        return peer;
    }

    /// <summary>Variables of an instance that the control plane made, as they are in its record.</summary>
    public async Task<JsonObject> VariablesAsync(string slug, CancellationToken cancellationToken)
    {
        using var listed = await SendAsync(HttpMethod.Get, $"{Bucket}?list-type=2&prefix=prod/records/", null, cancellationToken);
        var keys = System.Xml.Linq.XElement.Parse(await listed.Content.ReadAsStringAsync(cancellationToken)).Descendants().Where(element => element.Name.LocalName == "Key").Select(element => element.Value);
        foreach (var key in keys)
        {
            using var read = await SendAsync(HttpMethod.Get, $"{Bucket}/{key}", null, cancellationToken);
            var record = JsonNode.Parse(await read.Content.ReadAsStringAsync(cancellationToken))!.AsObject();
            if (record["slug"]!.GetValue<string>() == slug)
                return record["variables"]!.DeepClone().AsObject();
        }

        throw new InvalidOperationException($"There is no record of {slug}.");
    }

    /// <summary><c>terraform apply</c> of the module set in a workspace of its own. Gives how long it took.</summary>
    /// <param name="root">The module set, made ready.</param>
    /// <param name="like">Variables of an instance that is there.</param>
    /// <param name="number">Makes names and network its own.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<TimeSpan> ApplyAsync(string root, JsonObject like, int number, CancellationToken cancellationToken)
    {
        var variables = like.DeepClone().AsObject();
        var (client, workspace) = ($"bare{number}", $"bare{number}-prod");
        foreach (var name in (string[])["client", "stem", "cost_center"])
            variables[name] = client;
        variables["workspace"] = workspace;
        variables["name"] = $"tn-{client}";
        variables["network"]!["cidr"] = $"10.{200 + number}.0.0/16";
        variables["project"] = "bench";
        variables["region"] = Region;
        variables["endpoint"] = Endpoint.ToString().TrimEnd('/');
        variables["max_retries"] = 2;
        var file = Path.Combine(folder, workspace + ".tfvars.json");
        await File.WriteAllTextAsync(file, variables.ToJsonString(), cancellationToken);
        var start = new ProcessStartInfo("terraform", [$"-chdir={root}", "apply", "-json", "-auto-approve", "-input=false", $"-var-file={file}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TF_WORKSPACE"] = workspace;
        start.Environment["CHECKPOINT_DISABLE"] = "1";
        var begin = Stopwatch.GetTimestamp();
        using var run = Process.Start(start)!;
        var error = run.StandardError.ReadToEndAsync(cancellationToken);
        var said = await run.StandardOutput.ReadToEndAsync(cancellationToken);
        await run.WaitForExitAsync(cancellationToken);
        return run.ExitCode == 0 ? Stopwatch.GetElapsedTime(begin) : throw new InvalidOperationException($"terraform apply ended with {run.ExitCode}: {await error} {said[Math.Max(0, said.Length - 2000)..]}");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        // It ends when its input does.
        emulator.StandardInput.Close();
        await emulator.WaitForExitAsync();
        emulator.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private void WriteConfiguration(string mirror)
    {
        var file = Path.Combine(folder, "terraform.rc");
        File.WriteAllText(file, $$"""
            disable_checkpoint = true
            provider_installation {
              filesystem_mirror {
                path    = "{{mirror}}"
                include = ["{{Provider}}"]
              }
              direct {
                exclude = ["registry.terraform.io/*/*"]
              }
            }
            """);
        Environment.SetEnvironmentVariable("TF_CLI_CONFIG_FILE", file);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, new Uri(Endpoint, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8) };
        request.Headers.TryAddWithoutValidation("Authorization", $"AWS4-HMAC-SHA256 Credential=test/20261129/{Region}/s3/aws4_request, SignedHeaders=host, Signature=0");
        return http.SendAsync(request, cancellationToken);
    }
}
