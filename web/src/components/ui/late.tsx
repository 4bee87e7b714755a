import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import { useI18n } from '@/lib/i18n/I18n';
import { notify } from './notices';

const loaders: (() => Promise<unknown>)[] = [];

/**
 * A component in a file of its own, which is loaded when it is first shown, or before by `loadAhead`. A file that can't be had (the
 * daemon is away, or was updated) is said; the page goes on without it.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>, waiting: ReactNode = null): ComponentType<Props> {
  let part: ComponentType<Props> | null = null;
  const get = async () => {
    part ??= await load();
  };
  loaders.push(get);

  // biome-ignore lint/correctness/noComponentHookFactories: this is called once for each part, at module level, as React.lazy is.
  return function Late(props: Props) {
    const { t } = useI18n();
    const [, setLoaded] = useState(part !== null);
    useEffect(() => {
      if (part) return;
      let isShown = true;
      get().then(
        () => isShown && setLoaded(true),
        () => isShown && notify({ kind: 'problem', title: t('common.notLoaded'), detail: t('common.notLoadedHint') }),
      );
      return () => {
        isShown = false;
      };
    }, [t]);
    const Part = part;
    return Part ? <Part {...props} /> : waiting;
  };
}

/** Loads what may be shown later while nothing else is to be done, so that it opens at once, without the daemon too. */
export function loadAhead(): void {
  const next = loaders.shift();
  if (!next) return;
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200));
  idle(() => void next().then(loadAhead, loadAhead));
}
