import { useRef } from 'react';

/** Whether it was true at some time: a dialog is loaded when it is first opened, and stays for its last moment when it is closed. */
export function useOnceTrue(value: boolean): boolean {
  const wasTrue = useRef(value);
  wasTrue.current ||= value;
  return wasTrue.current;
}
