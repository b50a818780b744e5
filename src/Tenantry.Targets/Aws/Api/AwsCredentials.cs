using System.Globalization;
using System.Text.Json;

namespace Tenantry.Targets.Aws.Api;

/// <summary>
/// Finds keys where every tool of AWS, Terraform too, looks for them, in the same order: variables of this process, a web identity, the shared
/// credentials file, the container's own, the machine's own. A profile that is named and has no keys there is an error: nothing else stands in for it.
/// </summary>
internal sealed class AwsCredentials(HttpClient http, Uri sts, string? profile, TimeProvider time, Func<string, string?>? variable = null)
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    // Keys without an end are those of a file or of variables: who replaces them in the file need not start the engine again.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _one = new(1);
    private readonly Func<string, string?> _variable = variable ?? Environment.GetEnvironmentVariable;
    private AwsKeys? _known;
    private long _found;

    /// <summary>Keys that hold for the next minutes. Throws <see cref="AwsException"/> with <see cref="AwsException.NoCredentials"/> when there are none.</summary>
    internal async Task<AwsKeys> GetAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_known is { } known && (known.Ends is { } ends ? ends - Early > time.GetUtcNow() : time.GetElapsedTime(_found) < LookAgain))
                return known;
            _known = await FindAsync(cancellationToken);
            _found = time.GetTimestamp();
            return _known;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<AwsKeys> FindAsync(CancellationToken cancellationToken)
    {
        if (profile is not null)
            return Named(profile);
        return Variables()
            ?? await WebIdentityAsync(cancellationToken)
            ?? (_variable("AWS_PROFILE") is { Length: > 0 } named ? Named(named) : SharedFile("default"))
            ?? await ContainerAsync(cancellationToken)
            ?? await MachineAsync(cancellationToken)
            ?? throw new AwsException(AwsException.NoCredentials, "No credentials for AWS were found.", 0);
    }

    // Somebody else's rights are no substitute for a profile that was named: Terraform takes none, either.
    private AwsKeys Named(string profile) => SharedFile(profile)
        ?? throw new AwsException(AwsException.NoProfile, $"The profile {profile} has no keys in {CredentialsFile}. Profiles that sign in or assume a role (in ~/.aws/config) are not read.", 0);

    // As Kubernetes, GitHub and others give it: a token in a file, for which STS gives keys of a role. Nothing is signed.
    private async Task<AwsKeys?> WebIdentityAsync(CancellationToken cancellationToken)
    {
        if (_variable("AWS_WEB_IDENTITY_TOKEN_FILE") is not { Length: > 0 } file || _variable("AWS_ROLE_ARN") is not { Length: > 0 } role)
            return null;
        string token;
        try
        {
            token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AwsException(AwsException.NoCredentials, $"The file of AWS_WEB_IDENTITY_TOKEN_FILE cannot be read: {error.Message}", 0, error);
        }

        var session = _variable("AWS_ROLE_SESSION_NAME") is { Length: > 0 } name ? name : "tenantry";
        using var form = new FormUrlEncodedContent([new("Action", "AssumeRoleWithWebIdentity"), new("Version", AwsService.Sts.Version), new("RoleArn", role), new("RoleSessionName", session), new("WebIdentityToken", token)]);
        try
        {
            using var answer = await http.PostAsync(sts, form, cancellationToken);
            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return answer.IsSuccessStatusCode ? AwsAnswers.Keys(AwsAnswers.Xml(body)) : throw AwsAnswers.XmlError(body, answer.StatusCode);
        }
        catch (HttpRequestException error)
        {
            throw new AwsException(AwsException.Unreachable, $"{sts.Authority} cannot be reached: {error.Message.TrimEnd('.')}.", 0, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AwsException(AwsException.Unreachable, $"{sts.Authority} did not answer in time.", 0, error);
        }
    }

    private string CredentialsFile => _variable("AWS_SHARED_CREDENTIALS_FILE") is { Length: > 0 } set
        ? set
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws", "credentials");

    private AwsKeys? Variables() =>
        _variable("AWS_ACCESS_KEY_ID") is { Length: > 0 } id && _variable("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret
            ? new AwsKeys(id, secret, _variable("AWS_SESSION_TOKEN"), null)
            : null;

    private AwsKeys? SharedFile(string profile) => File.Exists(CredentialsFile) ? ReadProfile(File.ReadAllLines(CredentialsFile), profile) : null;

    /// <summary>A section of such a file, or null when it has no keys.</summary>
    internal static AwsKeys? ReadProfile(IEnumerable<string> lines, string profile)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var isWanted = false;
        foreach (var line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not ('#' or ';')))
        {
            if (line[0] == '[')
                isWanted = line.Trim('[', ']').Trim() == profile;
            else if (isWanted && line.Split('=', 2) is [var name, var value])
                values[name.Trim()] = value.Trim();
        }

        return values.TryGetValue("aws_access_key_id", out var id) && values.TryGetValue("aws_secret_access_key", out var secret)
            ? new AwsKeys(id, secret, values.GetValueOrDefault("aws_session_token"), null)
            : null;
    }

    private async Task<AwsKeys?> ContainerAsync(CancellationToken cancellationToken)
    {
        var address = _variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { Length: > 0 } relative
            ? "http://169.254.170.2" + relative
            : _variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (string.IsNullOrEmpty(address))
            return null;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") is { Length: > 0 } file)
            request.Headers.TryAddWithoutValidation("Authorization", (await File.ReadAllTextAsync(file, cancellationToken)).Trim());
        else if (_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") is { Length: > 0 } token)
            request.Headers.TryAddWithoutValidation("Authorization", token);
        return Read(await AskAsync(request, cancellationToken));
    }

    private async Task<AwsKeys?> MachineAsync(CancellationToken cancellationToken)
    {
        if (string.Equals(_variable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return null;
        const string Door = "http://169.254.169.254/latest/";
        using var asksToken = new HttpRequestMessage(HttpMethod.Put, Door + "api/token");
        asksToken.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "300");
        if (await AskAsync(asksToken, cancellationToken) is not { } token)
            return null;
        const string Roles = Door + "meta-data/iam/security-credentials/";
        if (await MachineTextAsync(Roles, token, cancellationToken) is not { Length: > 0 } role)
            return null;
        return Read(await MachineTextAsync(Roles + role.Split('\n')[0].Trim(), token, cancellationToken));
    }

    private async Task<string?> MachineTextAsync(string address, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("X-aws-ec2-metadata-token", token);
        return await AskAsync(request, cancellationToken);
    }

    private async Task<string?> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var answer = await http.SendAsync(request, limit.Token);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(limit.Token) : null;
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static AwsKeys? Read(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        var read = document.RootElement;
        return read.TryGetProperty("AccessKeyId", out var id) && read.TryGetProperty("SecretAccessKey", out var secret)
            ? new AwsKeys(
                id.GetString()!,
                secret.GetString()!,
                read.TryGetProperty("Token", out var token) ? token.GetString() : null,
                read.TryGetProperty("Expiration", out var ends) ? DateTimeOffset.Parse(ends.GetString()!, CultureInfo.InvariantCulture) : null)
            : null;
    }
}
