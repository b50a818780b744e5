using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Tls;

/// <summary>
/// Certificates of a folder: pairs NAME.crt and NAME.key (PEM; the .crt may hold its chain). A certificate serves the DNS names that it
/// holds; of several for one name the one that is valid does, and of those the one that ends last. Files that change are read again; one that cannot be read leaves
/// what it held before in place.
/// </summary>
public sealed class CertificateFolder : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private readonly string folder;
    private readonly ILogger<CertificateFolder> log;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly Lock looking = new();
    private Dictionary<string, Loaded> loaded = new(StringComparer.Ordinal);
    private DateTimeOffset rightUntil = DateTimeOffset.MinValue;
    private volatile IReadOnlyDictionary<string, SslStreamCertificateContext> byName = new Dictionary<string, SslStreamCertificateContext>(StringComparer.Ordinal);

    public CertificateFolder(string folder, TimeProvider time, ILogger<CertificateFolder> log)
    {
        this.folder = folder;
        this.log = log;
        this.time = time;
        LookAgain();
        timer = time.CreateTimer(static self => ((CertificateFolder)self!).LookAgain(), this, Look, Look);
    }

    /// <summary>Names that are served, wildcards as <c>*.example.com</c>.</summary>
    public IEnumerable<string> Names => byName.Keys;

    /// <summary>The certificate of a host: its own, or a wildcard's, or null.</summary>
    public SslStreamCertificateContext? Find(string host)
    {
        var name = host.TrimEnd('.').ToLowerInvariant();
        var names = byName;
        if (names.TryGetValue(name, out var own))
            return own;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && names.TryGetValue("*" + name[dot..], out var wildcard) ? wildcard : null;
    }

    public void Dispose() => timer.Dispose();

    /// <summary>Reads what changed since the last look.</summary>
    public void LookAgain()
    {
        lock (looking)
        {
            var next = new Dictionary<string, Loaded>(StringComparer.Ordinal);
            var changed = false;
            foreach (var file in Files())
            {
                var name = Path.GetFileNameWithoutExtension(file);
                var stamp = Stamp(file) + Stamp(KeyOf(file));
                if (loaded.TryGetValue(name, out var before) && before.Stamp == stamp)
                {
                    next[name] = before;
                    continue;
                }

                changed = true;
                next[name] = Load(file, stamp, before);
            }

            var now = time.GetUtcNow();
            if (!changed && next.Count == loaded.Count && now < rightUntil)
                return;
            loaded = next;
            (byName, rightUntil) = Index([.. next.Values.Where(one => one.Context is not null)], now);
        }
    }

    private IEnumerable<string> Files()
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.crt").Order(StringComparer.Ordinal)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Certificates stay as they are: {Reason}", failure.Message);
            return [.. loaded.Keys.Select(name => Path.Combine(folder, name + ".crt"))];
        }
    }

    private Loaded Load(string file, string stamp, Loaded? before)
    {
        try
        {
            RequireFile(file);
            RequireFile(KeyOf(file));
            var certificate = X509Certificate2.CreateFromPemFile(file, KeyOf(file));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(file);
            var names = NamesOf(certificate);
            if (names.Count == 0)
                throw new CryptographicException("it holds no DNS name");
            log.LogInformation("Certificate {File} serves {Names} until {Until:yyyy-MM-dd}", file, string.Join(", ", names), certificate.NotAfter.ToUniversalTime());
            return new Loaded(stamp, names, SslStreamCertificateContext.Create(certificate, chain, offline: true));
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            log.LogError("Certificate {File} cannot be used: {Reason}. {Consequence}", file, failure.Message, before?.Context is null ? "Its names are not served." : "The one before goes on serving.");
            return before is null ? new Loaded(stamp, [], null) : before with { Stamp = stamp };
        }
    }

    private static List<string> NamesOf(X509Certificate2 certificate) =>
    [
        .. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames()).Select(name => name.ToLowerInvariant()),
    ];

    // Until when it is right: then one begins to be valid, or ends.
    private static (IReadOnlyDictionary<string, SslStreamCertificateContext> ByName, DateTimeOffset Until) Index(IReadOnlyList<Loaded> all, DateTimeOffset now)
    {
        var names = new Dictionary<string, SslStreamCertificateContext>(StringComparer.Ordinal);
        foreach (var one in all.OrderByDescending(one => one.From <= now && now < one.Until).ThenByDescending(one => one.Until))
        {
            foreach (var name in one.Names)
                names.TryAdd(name, one.Context!);
        }

        return (names, all.SelectMany(one => (DateTimeOffset[])[one.From, one.Until]).Where(change => change > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min());
    }

    private static string KeyOf(string file) => Path.ChangeExtension(file, ".key");

    // Links are followed: renewers put a new file behind an old name. Whatever is no file there (yet) is told when it is to be read.
    private static string Stamp(string file)
    {
        try
        {
            var found = new FileInfo(file);
            var real = found.LinkTarget is null ? found : found.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? found;
            return real.Exists ? $"{real.FullName}:{real.LastWriteTimeUtc.Ticks}:{real.Length};" : "-;";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"{failure.Message};";
        }
    }

    // What is read must end: a pipe would wait for whoever writes to it.
    private static void RequireFile(string file)
    {
        if (FileStatus.At(file).Kind != FileKind.Regular)
            throw new IOException($"{Path.GetFileName(file)} is no file");
    }

    private sealed record Loaded(string Stamp, IReadOnlyList<string> Names, SslStreamCertificateContext? Context)
    {
        public DateTimeOffset From { get; } = Context?.TargetCertificate.NotBefore.ToUniversalTime() ?? DateTimeOffset.MaxValue;

        public DateTimeOffset Until { get; } = Context?.TargetCertificate.NotAfter.ToUniversalTime() ?? DateTimeOffset.MinValue;
    }
}
