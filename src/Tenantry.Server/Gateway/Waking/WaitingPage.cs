using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>What a browser shows while an instance wakes, is set up or changed. It turns into the app by itself; without scripts it asks again every 2 seconds.</summary>
internal static class WaitingPage
{
    public static bool IsFor(HttpContext context) =>
        context.Request.Method == HttpMethods.Get && Preference.IsPage(context);

    public static async Task WriteAsync(HttpContext context, Route route)
    {
        var body = Encoding.UTF8.GetBytes(Page(WebUtility.HtmlEncode(route.Slug), Doing(route.State)));
        var response = context.Response;
        // 503, so that nothing that stores answers takes it for the app's.
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.RetryAfter = "1";
        response.Headers["Tenantry-Waiting"] = "1";
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static string Doing(RouteState state) => state switch
    {
        RouteState.Starting => "being set up",
        RouteState.Updating => "being changed",
        _ => "waking up",
    };

    private static string Page(string name, string doing) => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="robots" content="noindex">
        <noscript><meta http-equiv="refresh" content="2"></noscript>
        <title>{{name}} is {{doing}}</title>
        <style>
        :root { color-scheme: light dark }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem; text-align: center }
        h1 { font-size: 1.4rem }
        p { opacity: .8 }
        .spin { width: 2rem; height: 2rem; margin: 0 auto 1.5rem; border: .25rem solid color-mix(in srgb, currentColor 20%, transparent); border-top-color: currentColor; border-radius: 50%; animation: spin 1s linear infinite }
        .failed .spin { animation: none; border-top-color: inherit }
        @keyframes spin { to { transform: rotate(1turn) } }
        @media (prefers-reduced-motion: reduce) { .spin { animation-duration: 4s } }
        </style>
        </head>
        <body>
        <div class="spin" aria-hidden="true"></div>
        <h1>{{name}} is {{doing}}</h1>
        <p role="status" id="say">This page turns into it by itself.</p>
        <script>
        (async () => {
          const say = document.getElementById('say'), pause = s => new Promise(done => setTimeout(done, s * 1000));
          for (;;) {
            try {
              const state = await (await fetch('{{WakePoll.Path}}', { cache: 'no-store' })).json();
              if (state.phase === 'awake') { location.reload(); return; }
              if (!state.phase) { await pause(2); continue; }
              document.body.className = state.phase;
              say.textContent = state.phase === 'failed' ? state.detail + ' Trying again in ' + state.retryAfter + ' s.' : 'This page turns into it by itself.';
              await pause(state.phase === 'failed' ? Math.max(1, state.retryAfter) : state.retryAfter || .3);
            } catch { await pause(1); }
          }
        })();
        </script>
        </body>
        </html>

        """;
}
